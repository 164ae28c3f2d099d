/* A server on 127.0.0.1 that answers every request with the same bytes. */
#ifndef SUPERMETRICS_SPEC_TORTURE_SERVER_H
#define SUPERMETRICS_SPEC_TORTURE_SERVER_H

/* Starts it on a thread of its own; returns the port. */
int server_start(void);

/* What it answers from now on; NULL: nothing at all. */
void server_answer(const char *answer);

/* How many requests it has read since the last call. */
int server_take_requests(void);

#endif
