#!/usr/bin/env bash
# man.sh PAGE... - what man itself has to say against our pages: nothing.
set -euo pipefail
# A small image may have man without what it reads pages with.
{ command -v man >/dev/null && compgen -G '/usr/share/groff/*/tmac/doc.tmac' >/dev/null; } ||
    { echo "SKIPPED: there is no man here" && exit 77; }
failed=0
for page in "$@"; do
    said=$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null) || failed=1
    [ -z "$said" ] || { echo "$page: $said" && failed=1; }
    # Macros have quotes and brackets for themselves: a line that is to be typed as it stands is a literal display's.
    ! grep -nE '^\.Dl .*("|\\\(dq|\[|\{)' "$page" || { echo "$page: quotes or brackets in .Dl" && failed=1; }
    # It was read as a page, and not as text that happens to be one.
    LC_ALL=C.UTF-8 man -E UTF-8 -P cat -l "$page" 2>/dev/null | grep -q '^NAME$' ||
        { echo "$page: no NAME" && failed=1; }
done
exit $failed
