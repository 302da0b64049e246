#!/usr/bin/env bash
# The dashboard in a real browser, Debian's Chromium: it shows the goose, follows it, asks before it changes anything,
# and moves to another member when its own node dies. With DASHBOARD_SHOTS=FOLDER it leaves pictures of itself there.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
for program in chromium python3 jq; do
    command -v $program >/dev/null || skip "needs $program: scripts/test.sh --all installs it"
done

# ---- the browser ----

coproc BROWSER { exec python3 "$here/browser.py" "$FLOCK_DIR/profile"; }
read_said() {
    IFS= read -r -t 60 said <&"${BROWSER[0]}" || fail "the browser has ended: $(tail -n 5 "$FLOCK_DIR/profile.log")"
    [[ $said != '{"error": '* ]] || fail "the browser: $said"
}

# browser COMMAND... - its answer is in $said.
browser() {
    echo "${*//$'\n'/ }" >&"${BROWSER[1]}"
    read_said
}

# page_waits SECONDS JAVASCRIPT - until it is true in the page.
page_waits() {
    browser wait "$1" "$2"
    [ "$said" = null ] || fail "the page: $said"
}

# js JAVASCRIPT - its value.
js() {
    browser eval "$1"
    jq -r . <<<"$said"
}

shot() {
    [ -z "${DASHBOARD_SHOTS-}" ] || browser shot "$DASHBOARD_SHOTS/$1.png"
}

# expect_quiet_page PATTERN - nothing was thrown, logged or refused, but for what fits, and only nodes were asked.
expect_quiet_page() {
    browser noise
    ! jq -r '.noise[]' <<<"$said" | grep -vE "$1" || fail "the page was not quiet: $said"
    ! jq -r '.hosts[]' <<<"$said" | grep -vxF "$(for i in $(nodes_all); do node_address "$i"; done)" ||
        fail "the page asked somebody else: $said"
}

# next_scene WHAT - no page is left that would look for the nodes of the scene before.
next_scene() {
    browser open about:blank
    browser noise
    scene "$1"
}

text() {
    echo "document.querySelector('$1').textContent"
}

# On a machine that stands still the goose may change; the page has to know whose turn it is.
shows_the_goose() {
    find_goose && browser eval "$(text '#goose') === '$(node_address "$goose")'" && [ "$said" = true ]
}

shows_goose() {
    page_waits 10 "$(text '#goose') === '$(node_address "$1")' && $(text .node.goose).includes('GOOSE')"
}

# button LABEL - in the page.
button() {
    echo "[...document.querySelectorAll('button')].find((button) => (button.ariaLabel ?? button.textContent) === '$1')"
}

# press LABEL - the button so called, as a keyboard does it.
press() {
    page_waits 10 "(() => { const all = [...document.querySelectorAll('button')]; const it = all.find((button) =>
        (button.ariaLabel ?? button.textContent) === '$1' && button.checkVisibility()); it?.focus();
        return document.activeElement === it; })()"
    browser key Enter
}

dialog_says() {
    page_waits 10 "document.querySelector('dialog').open && $(text dialog).includes('$1')"
}

dialog_closes() {
    page_waits 15 "!document.querySelector('dialog').open"
}

read_said
# A policy that is broken, a script that throws and an answer that is not understood are never quiet.
quiet='^nothing is$'
refused='^network: Failed to load resource: net::ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE'

# ---- it shows, and follows ----

flock_on_loopback 3
observe
wait_goose
duck=$(another_than "$goose")
say "it shows the goose, and all members"
browser size 1200 900
browser open "http://$(node_address "$duck")/"
wait_for 10 "the page to show the goose" shows_the_goose
page_waits 10 "$(text .node.goose).includes('GOOSE')"
page_waits 10 "$(text '#link') === 'live' && document.querySelectorAll('#rows tr').length === 3"
page_waits 10 "$(text '#health') === '3 of 3 voters answer, may lose 1' && $(text '#trouble') === ''"
page_waits 10 "/\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC/.test($(text '#history'))"
[ "$(js "document.querySelector('.lease').checkVisibility() === selfIsGoose()")" = true ] || fail "whose lease is that?"
[ "$(js "document.querySelector('tr.goose .badge').checkVisibility() && document.title")" = \
    "Goose: $(node_address "$goose") - goose" ] || fail "the goose cannot be told: $said"
page_waits 10 "document.querySelectorAll('#history li').length > 0"
expect_quiet_page "$quiet"

say "it follows a failover within a second"
js "window.turns = []; new MutationObserver(() => turns.push([Date.now(), $(text '#goose')])).observe(
    document.querySelector('#goose'), { childList: true }); 0" >/dev/null
old=$goose
began=$(now_ms)
node_kill "$old"
page_waits 10 "turns.some(([, name]) => name.includes(':') && name !== '$(node_address "$old")')"
took=$(($(js "turns.find(([, name]) => name.includes(':') && name !== '$(node_address "$old")')[0]") - began))
wait_for 10 "the page to show the goose" shows_the_goose
echo "the page showed the next goose $took ms after kill -9"
[ "$took" -lt 1000 ] || fail "only $took ms after the kill it showed the next goose"
expect_quiet_page "$quiet"

# ---- what changes something ----

next_scene "hand over, with the keyboard alone"
flock_on_loopback 3 "${patient[@]}"
observe
wait_goose
duck=$(another_than "$goose")
browser open "http://$(node_address "$duck")/"
shows_goose "$goose"
press "Hand over to $(node_address "$duck")"
dialog_says "$(node_address "$goose") stops being goose, and $(node_address "$duck") takes over at once"
shot dialog
browser key Escape
dialog_closes
expect_role "$goose" goose
press "Hand over to $(node_address "$duck")"
dialog_says "takes over at once"
browser key Tab
browser key Enter
dialog_closes
shows_goose "$duck"
expect_role "$duck" goose

say "drain, and undo it"
press "Drain this node…"
dialog_says "does not become goose until"
browser key Tab
browser key Enter
dialog_closes
page_waits 10 "$(text '#facts').includes('draining')"
status_is "$duck" draining true || fail "it is not draining"
press "Stop draining…"
browser key Tab
browser key Enter
dialog_closes
status_is "$duck" draining false || fail "it is draining still"
expect_quiet_page "$quiet"

say "remove: refused where it costs the majority, and the risk is named"
wait_goose
browser open "http://$(node_address "$goose")/"
mapfile -t ducks < <(others_than "$goose")
page_waits 10 "$(text '#lease').includes(' left') && document.querySelector('.lease').checkVisibility()"
page_waits 10 "$(text '#health') === '3 of 3 voters answer, may lose 1'"
node_kill "${ducks[0]}"
page_waits 10 "$(text '#rows').includes('silent for') && $(text .node.silent).includes('silent for')"
page_waits 10 "$(text '#health') === '2 of 3 voters answer, may lose none' &&
    $(text '#history').includes('$(node_address "${ducks[0]}") is silent')"
page_waits 5 "$(button "Hand over to $(node_address "${ducks[0]}")").disabled &&
    $(button "Hand over to $(node_address "${ducks[0]}")").title === 'It is silent'"
shot silent
start "${ducks[0]}"
page_waits 20 "$(text '#history').includes('$(node_address "${ducks[0]}") is heard again') && heir() !== undefined"
press 'Hand over…'
browser eval "$(text '#ask-text').includes('and ' + heir() + ' takes over at once')"
[ "$said" = true ] || fail "the dialog does not name the heir"
browser key Escape
dialog_closes
node_kill "${ducks[0]}"
page_waits 10 "$(text '#rows').includes('silent for')"
press "Remove $(node_address "${ducks[1]}") from the flock"
browser key Tab
browser key Enter
dialog_says "may leave too few live voters"
shot risk
browser key Escape
dialog_closes
press "Remove $(node_address "${ducks[0]}") from the flock"
dialog_says "stays out, restarted or not, until goosectl undrain"
dialog_says "take --peers off its command line"
browser key Tab
browser key Enter
dialog_closes
page_waits 10 "document.querySelectorAll('#rows tr').length === 2 &&
    $(text '#history').includes('$(node_address "${ducks[0]}") is no voter any more') &&
    $(text '#health') === '2 of 2 voters answer, may lose none; 3 are wanted'"
voters_are - "$goose" "${ducks[1]}" || fail "the seat is still there"
expect_quiet_page 'status of 409'

# ---- the node behind it dies ----

next_scene "the node behind the page dies"
flock_on_loopback 3 "${patient[@]}"
observe
wait_goose
duck=$(another_than "$goose")
browser open "http://$(node_address "$duck")/"
shows_goose "$goose"
page_waits 10 "document.querySelectorAll('#rows tr').length === 3"
expect_quiet_page "$quiet"
node_kill "$duck"
page_waits 5 "location.host !== '$(node_address "$duck")' && location.hash === '' &&
    $(text '#notice').includes('$(node_address "$duck") stopped answering')"
shows_goose "$goose"
page_waits 10 "$(text '#link') === 'live'"
expect_quiet_page "$refused"

say "all die: it says so, and goes on when one is back"
there=$(node_of "$(js location.host)")
for other in $(others_than "$there"); do
    ! node_pid "$other" >/dev/null || node_kill "$other"
done
node_kill "$there"
page_waits 10 "$(text '#notice').includes('neither does any other') && $(text '#link') === 'no answer'"
shot dead
start "$other"
page_waits 20 "location.host === '$(node_address "$other")' && $(text '#link') === 'live, no goose' &&
    $(text '#goose') === 'No goose'"

say "without a goose: why, who is silent, and what cannot be done"
page_waits 10 "$(text '#health') === '1 of 3 voters answer, a goose needs 2' &&
    document.querySelectorAll('.node.silent').length === 2 && document.querySelectorAll('tr.silent').length === 2"
page_waits 10 "!$(text '#trouble').includes('waits')"
"$BUILD_DIR/src/ctl/goosectl" --at "$(node_address "$other")" why >"$FLOCK_DIR/why" || true
for sentence in 'There is no goose.' 'Of 3 voters 1 answer; a goose needs 2.' \
    'Start 1 more with the state they have, or mend the way to them.'; do
    grep -qF "$sentence" "$FLOCK_DIR/why" || fail "goosectl why does not say: $sentence"
    browser eval "$(text '#trouble').includes('$sentence')"
    [ "$said" = true ] || fail "the page does not say: $sentence"
done
[ "$(js "[...document.querySelectorAll('#rows button, #handover')].filter((button) => button.checkVisibility())
    .every((button) => button.disabled && button.title === 'There is no goose that could do it')")" = true ] ||
    fail "something can be pressed that cannot be done"
shot no-goose
start "$there"
agree "$there" "$other"
page_waits 10 "$(text '#goose').includes(':') && $(text '#trouble') === ''"
page_waits 10 "$(text '#history').includes('$(node_address "$there") is heard again')"
expect_quiet_page "$refused"

# ---- tokens ----

next_scene "where there is a token it is asked for"
echo 'open sesame right now' | tr ' ' - >"$FLOCK_DIR/token"
chmod 600 "$FLOCK_DIR/token"
flock_on_loopback 3 "${patient[@]}" --http-token-file "$FLOCK_DIR/token"
observe
wait_goose
browser open "http://$(node_address "$goose")/"
shows_goose "$goose"
to=$(another_than "$goose")
# enter TOKEN
enter() {
    page_waits 5 "(() => { const field = document.querySelector('#token'); field.value = '$1';
        return document.activeElement === field; })()"
    browser key Enter
}
press "Hand over to $(node_address "$to")"
browser key Tab
browser key Enter
enter close-sesame-right-now
dialog_says 'That is not the right token'
enter open-sesame-right-now
dialog_closes
shows_goose "$to"
press 'Hand over…'
browser key Tab
browser key Enter
dialog_closes
page_waits 10 "$(text '#notice').includes('is the goose')"
[ "$(js 'localStorage.length + sessionStorage.length')" = 0 ] || fail "it keeps something beyond the page"
expect_quiet_page 'status of 401'

# ---- looks ----

next_scene "it fits on a phone, light and dark"
flock_on_loopback 5 "${patient[@]}"
node_new 6 "$(loopback 6)" --join "$(node_address 1)" --observer --log-level debug
start 6
observe
wait_goose
for size in '360 740' '1200 900'; do
    for look in dark light; do
        browser size "$size"
        browser media prefers-color-scheme $look
        browser open "http://$(node_address "$goose")/"
        page_waits 10 "document.querySelectorAll('#rows tr').length === 6 && $(text '#rows').includes('round trip')"
        [ "$(js "document.documentElement.scrollWidth <= innerWidth")" = true ] || fail "it is wider than $size"
        shot "${size% *}-$look"
    done
done
browser media prefers-reduced-motion reduce
[ "$(js "document.getAnimations().length")" = 0 ] || fail "something moves for somebody who does not want it"

say "long names: shortened in the middle, whole as a title, none beyond the pond"
for size in '360 740' '1200 900'; do
    browser size "$size"
    [ "$(js "(() => {
        const names = [1, 2, 3, 4, 5].map((i) => 'a-node-of-a-long-name-in-a-row-of-such-number-' + i + ':7001');
        view.members = view.members.slice(0, 5).map((member, i) => ({ ...member, address: names[i] }));
        showPond();
        const pond = document.querySelector('#pond').getBoundingClientRect();
        const texts = [...document.querySelectorAll('.node text')].filter((text) => text.textContent !== '');
        return texts.filter((text) => /^a-node.*….*-[1-5]\$/.test(text.textContent)).length === 5
            && texts.every((text) => { const box = text.getBoundingClientRect();
                return box.left >= pond.left && box.right <= pond.right; })
            && [...document.querySelectorAll('.node title')].map((title) => title.textContent).sort().join() ===
                names.join();
    })()")" = true ] || fail "long names in a pond of $size"
done
expect_quiet_page "$quiet"
finish
