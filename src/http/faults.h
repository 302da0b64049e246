/* faults.h: the fault drills. */
#ifndef HTTP_FAULTS_H
#define HTTP_FAULTS_H

#include "http/exchange.h"

void faults_get(struct exchange *exchange);
void faults_post(struct exchange *exchange);

#endif
