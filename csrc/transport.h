/* HTTP over libcurl, many requests at once on one connection pool. Knows libcurl and nothing else: no callback in here
 * can see a lua_State, so none can raise through libcurl, keep a dead coroutine or run the collector. */
#ifndef SUPERMETRICS_TRANSPORT_H
#define SUPERMETRICS_TRANSPORT_H

#include "buffer.h"
#include "header_list.h"
#include "transfer_end.h"
#include "transport_settings.h"

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* The connection pool, and everything that all of its requests share. */
typedef struct transport transport;

/* One request, from the moment it is put in flight until it is given back, with its answer. */
typedef struct transfer transfer;

typedef struct transport_request {
  const char *method;
  const char *path; /* under the base URL, with a query where there is one */
  header_list *headers;
  const char *body;   /* NULL for none */
  size_t body_length; /* bytes */
  double timeout;     /* seconds, for all of it */
  bool writes;        /* libcurl must not send it a second time by itself */
} transport_request;

typedef struct transfer_result {
  transfer_end end;
  long status;    /* of HTTP; 0 where no status line came */
  unsigned sends; /* how often the request, or a part of it, left this machine */
  double elapsed; /* seconds */
  bool is_connection_reused;
  bool may_look_whole;               /* though it was cut behind its headers, where they name no length */
  buffer headers;                    /* lines "Name: value\n" of the final answer, a proxy's left out */
  buffer body;                       /* decompressed */
  char reason[TRANSFER_REASON_SIZE]; /* a sentence, where `end` is not TRANSFER_ANSWERED */
} transfer_result;

/* NULL when memory ran out, or where libcurl refuses a setting: then `problem` names it. */
transport *transport_new(const transport_settings *settings, const char **problem);

/* Ends every request in flight as TRANSFER_ABORTED, then closes the connections. Transfers stay valid. */
void transport_free(transport *pool);

/* Drives all requests in flight; waits for something to happen for at most `seconds`, 0 never waits. Where nothing is
 * in flight it waits only if `when_idle`. Returns how many are still in flight. Never fails: what goes wrong ends the
 * requests that it concerns. */
size_t transport_poll(transport *pool, double seconds, bool when_idle);

/* Whether requests may be started: not in a process that was forked off after the first one. */
bool transport_is_usable(const transport *pool);

/* How many requests are in flight. */
size_t transport_in_flight(const transport *pool);

/* Seconds until something is due, such as the end of a timeout; negative where nothing is. */
double transport_next_due(const transport *pool);

/* How many requests have ended so far. */
size_t transport_ended_count(const transport *pool);

/* Puts a request in flight. NULL when memory ran out: then nothing was sent. */
transfer *transport_start(transport *pool, const transport_request *request);

/* Ends a request in flight as TRANSFER_ABORTED; nothing happens to one that has ended. */
void transfer_abort(transfer *request);

/* Valid until transfer_release. */
const transfer_result *transfer_peek(const transfer *request);

/* The bearer token that the request carried, for keeping it out of messages; NULL where there was none. */
const char *transfer_credential(const transfer *request);

/* Ends the request where it is in flight, and gives the transfer back. NULL is fine. */
void transfer_release(transfer *request);

#pragma GCC visibility pop

#endif
