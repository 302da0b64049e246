/* body.h: a request's body as JSON. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <cjson/cJSON.h>

#include "base/text.h"

/* The object that the body is, to be deleted by the caller; NULL where it is anything else. */
cJSON *body_object(struct span body);

#endif
