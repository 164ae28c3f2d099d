/* One request at a time on a handle of libcurl's: what it sends, what comes back, how it ended. Made once and used for
 * one request after another, since half of what libcurl is asked for a request is the same for the next one. The
 * transport's own: everybody else knows what transport.h says about it. */
#ifndef SUPERMETRICS_TRANSFER_H
#define SUPERMETRICS_TRANSFER_H

#include "request_url.h"
#include "transport.h"

#include <curl/curl.h>

#pragma GCC visibility push(hidden)

/* How far an answer has come. */
typedef struct reception {
  bool answer_began; /* its status line came, or that of a 1xx before it */
  bool header_has_nul;
  bool headers_ended;
  bool body_began;
  size_t earlier_header_bytes; /* of 1xx answers, each of which starts the headers anew */
  const char *part_over_limit; /* NULL for none */
  size_t limit;                /* of that part */
  bool out_of_memory;
} reception;

struct transfer {
  transport *pool;           /* whose connections it uses; NULL once that is gone */
  transfer *previous, *next; /* in the pool's list */
  CURL *easy;                /* NULL once the pool is gone */
  CURLU *url;
  size_t max_response_bytes;
  char curl_text[CURL_ERROR_SIZE];

  /* Of the request that it is used for. */
  header_list *headers; /* NULL between two requests */
  buffer request_body;
  double began; /* by the monotonic clock */
  bool writes;
  reception reception;
  transfer_result result;
};

/* Makes the handle that all others are copies of call back to the transfer that uses it. */
CURLcode transfer_prepare_model(CURL *model);

/* One whose handle is a copy of `model`. NULL when memory ran out. */
transfer *transfer_new(CURL *model, const base_parts *base, size_t max_response_bytes);

/* Gives it a request to send. False when memory ran out; transfer_forget_request is due all the same. */
bool transfer_take_request(transfer *target, base_parts *base, const transport_request *asked);

/* Notes how the request ended; `authority` is for messages. */
void transfer_note_end(transfer *target, CURLcode code, const char *authority);

/* The same where it was ended from here. */
void transfer_note_abortion(transfer *target, const char *reason);

/* Makes it ready for another request: nothing of the last one, and nothing large, is kept. */
void transfer_forget_request(transfer *target);

/* Frees the handle, the rest stays. A handle of another process may not even be freed: it would say goodbye on
 * connections that are not ours. */
void transfer_drop_handle(transfer *target, bool is_of_another_process);

/* Frees it; its handle is gone by then. NULL is fine. */
void transfer_delete(transfer *target);

#pragma GCC visibility pop

#endif
