/* page.h: the dashboard as embed.cmake makes it of the files beside this one. */
#ifndef HTTP_DASHBOARD_PAGE_H
#define HTTP_DASHBOARD_PAGE_H

#include <stddef.h>

extern const char dashboard_page[];
extern const size_t dashboard_page_bytes;
extern const char dashboard_fields[]; /* lines of the answer's head */

#endif
