# embed.cmake: index.html, style.css and the scripts become one page, and that a C array with the header fields that go
# with it. The Content-Security-Policy names script and style by their hashes: nothing else may run.
#   cmake -D FROM=this-folder -D TO=page.c -P embed.cmake
cmake_minimum_required(VERSION 3.25)

# sha256_in_base64(TEXT VARIABLE) - the policy wants base64, and string() knows hexadecimal only. 32 bytes and a zero
# are eleven times three; the digit that stands for the zero alone is the padding.
function(sha256_in_base64 text to)
    set(digits ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
    string(SHA256 hex "${text}")
    string(REGEX MATCHALL "......" groups ${hex}00)
    foreach(group IN LISTS groups)
        foreach(shift 18 12 6 0)
            math(EXPR index "(0x${group} >> ${shift}) & 63")
            string(SUBSTRING ${digits} ${index} 1 digit)
            string(APPEND base64 ${digit})
        endforeach()
    endforeach()
    string(REGEX REPLACE "A$" "=" base64 ${base64})
    set(${to} ${base64} PARENT_SCOPE)
endfunction()

# put_in(LINES TAG HASH FILE...) - where the page names files, these files: without lines that are comments, and without
# blanks in front, so no text in them may go on over several lines.
function(put_in line tag hash)
    set(text)
    foreach(file IN LISTS ARGN)
        file(READ ${FROM}/${file} more)
        string(APPEND text "${more}")
    endforeach()
    string(FIND "${page}" "${line}" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "index.html does not say ${line}")
    endif()
    string(REGEX REPLACE "\n *//[^\n]*" "" text "\n${text}")
    string(REGEX REPLACE "\n[\n ]*" "\n" text "${text}")
    string(REPLACE "${line}" "<${tag}>${text}</${tag}>" page "${page}")
    sha256_in_base64("${text}" ${hash})
    set(page "${page}" PARENT_SCOPE)
    set(${hash} ${${hash}} PARENT_SCOPE)
endfunction()

file(READ ${FROM}/index.html page)
put_in("<link rel=\"stylesheet\" href=\"style.css\">" style style_hash style.css)
set(scripts base.js show.js page.js)
list(TRANSFORM scripts REPLACE "(.+)" "<script src=\"\\1\"></script>" OUTPUT_VARIABLE lines)
list(JOIN lines "\n" lines)
put_in("${lines}" script script_hash ${scripts})
string(LENGTH "${page}" bytes)
string(HEX "${page}" hex)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," array ${hex})
# Sixteen to a line, for people who look.
string(REPEAT "......." 16 sixteen)
string(REGEX REPLACE "(${sixteen})" "\\1\n" array ${array})
# Connections: to this node, and to any other for one question only, whether it lives.
file(WRITE ${TO} "/* Made by embed.cmake. */
#include \"http/dashboard/page.h\"

const char dashboard_fields[] =
    \"Content-Type: text/html; charset=utf-8\\r\\n\"
    \"Content-Security-Policy: default-src 'none'; script-src 'sha256-${script_hash}'; \"
    \"style-src 'sha256-${style_hash}'; img-src data:; connect-src 'self' http://*:*/livez; \"
    \"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'\\r\\n\"
    \"X-Content-Type-Options: nosniff\\r\\n\"
    \"Referrer-Policy: same-origin\\r\\n\";
const size_t dashboard_page_bytes = ${bytes};
const char dashboard_page[] = {
${array}};
")
