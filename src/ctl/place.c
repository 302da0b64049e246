/* place.c: see place.h. */
#include "ctl/place.h"

#include <string.h>
#include <sys/un.h>

#include "base/address.h"

_Static_assert(sizeof PLACE_SOCKET - 1 + sizeof((struct sockaddr_un){0}.sun_path) <=
                   PLACE_CHARS_MAX,
               "a socket's name fits");
_Static_assert(GOOSE_ADDRESS_CHARS_MAX <= PLACE_CHARS_MAX, "an address, too");

const char *place_socket(const struct place *place)
{
    size_t bytes = sizeof PLACE_SOCKET - 1;

    return strncmp(place->chars, PLACE_SOCKET, bytes) == 0 ? place->chars + bytes : NULL;
}

const char *place_host(const struct place *place)
{
    return place_socket(place) != NULL ? "localhost" : place->chars;
}

const char *place_from_user(struct place *place, const char *text)
{
    size_t bytes = strlen(text), prefix = sizeof PLACE_SOCKET - 1;

    memset(place, 0, sizeof *place);
    if (strncmp(text, PLACE_SOCKET, prefix) != 0) {
        const char *wrong = address_from_user(&place->address, text, bytes);
        if (wrong == NULL) memcpy(place->chars, place->address.chars, place->address.bytes + 1);
        return wrong;
    }
    if (bytes == prefix) return "give a path behind unix:, as in unix:/run/goosed/goose/http";
    if (bytes - prefix >= sizeof((struct sockaddr_un){0}.sun_path))
        return "a socket's path has at most 107 characters";
    memcpy(place->chars, text, bytes + 1);
    return NULL;
}
