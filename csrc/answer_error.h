/* The Errors that an answer can mean. Each function pushes one. */
#ifndef SUPERMETRICS_ANSWER_ERROR_H
#define SUPERMETRICS_ANSWER_ERROR_H

#include "reading.h"

#pragma GCC visibility push(hidden)

/* No whole answer came. */
void answer_push_unanswered(const reading *read);

/* The status is not one of success. */
void answer_push_refused(const reading *read);

/* The status is one of success, and the body is not what it must be. */
void answer_push_invalid(const reading *read, const char *reason);

/* A write was answered with a Backfill that it did not bring into the state that was asked for: it goes along. */
void answer_push_wrong_status(const reading *read, int backfill);

#pragma GCC visibility pop

#endif
