/* dashboard.c: the page for browsers. It is the same for all of them and knows nothing of the node: what it shows, it
 * asks for. */
#include "http/dashboard.h"

#include "http/dashboard/page.h"
#include "http/status.h"

/* A program that takes JSON is served as a program, whatever else it takes. */
void root_get(struct exchange *exchange)
{
    if (!exchange->wants_html || exchange->wants_json) {
        status_get(exchange);
        return;
    }
    const struct answer answer = {.code = 200,
                                  .lasting = true,
                                  .fields = dashboard_fields,
                                  .body = {dashboard_page, dashboard_page_bytes}};
    reply(exchange, &answer);
}
