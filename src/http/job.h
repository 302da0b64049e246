/* job.h: POST /job: who works in the goose's name is told to leave before the role goes elsewhere on purpose. */
#ifndef HTTP_JOB_H
#define HTTP_JOB_H

#include "http/exchange.h"

void job_post(struct exchange *exchange);

#endif
