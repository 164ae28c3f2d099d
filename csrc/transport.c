#include "transport.h"

#include "handle_settings.h"
#include "milliseconds.h"
#include "process_id.h"
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

enum {
  IDLE_TRANSFERS = 64, /* kept for the next requests, with their allocations */
  MAX_STREAMS = 1000   /* on one HTTP/2 connection, where the server allows as many */
};

struct transport {
  CURLM *multi;
  CURL *model; /* never in flight: carries the settings, every other handle is a copy of it */
  transfer *idle[IDLE_TRANSFERS];
  size_t idle_count;
  transfer *lent; /* in flight, or ended and not taken back yet; doubly linked */
  size_t in_flight_count;
  size_t ended_count; /* of all requests so far */
  long owner;         /* the process whose connections these are; 0 until there is one */
  base_parts base;
  char *authority;
  size_t max_response_bytes;
};

/* Whether the connections belong to the process that this one was forked from: nothing may be sent or even closed on
 * them, since that process goes on using them. */
static bool is_of_another_process(const transport *pool) {
  return pool->owner != 0 && pool->owner != process_id();
}

static bool is_in_flight(const transfer *request) {
  return request->result.end == TRANSFER_IN_FLIGHT;
}

/* ---- lending ---- */

static transfer *lend(transport *pool) {
  transfer *lent = pool->idle_count > 0 ? pool->idle[--pool->idle_count]
                                        : transfer_new(pool->model, &pool->base, pool->max_response_bytes);
  if (lent == NULL)
    return NULL;
  lent->pool = pool;
  lent->previous = NULL;
  lent->next = pool->lent;
  if (lent->next != NULL)
    lent->next->previous = lent;
  pool->lent = lent;
  return lent;
}

static void unlink_lent(transport *pool, transfer *lent) {
  if (lent->previous != NULL)
    lent->previous->next = lent->next;
  else
    pool->lent = lent->next;
  if (lent->next != NULL)
    lent->next->previous = lent->previous;
  lent->pool = NULL;
}

/* One that is not in flight, for the next request where there is room. In a process that was forked off it lies there
 * for good: transport_is_usable. */
static void take_back(transport *pool, transfer *lent) {
  unlink_lent(pool, lent);
  if (pool->idle_count < IDLE_TRANSFERS) {
    transfer_forget_request(lent);
    pool->idle[pool->idle_count++] = lent;
  } else {
    transfer_drop_handle(lent, is_of_another_process(pool));
    transfer_delete(lent);
  }
}

/* ---- the end of a request ---- */

static void leave_flight(transport *pool, const transfer *request, bool is_foreign) {
  if (!is_foreign)
    curl_multi_remove_handle(pool->multi, request->easy);
  pool->in_flight_count--;
  pool->ended_count++;
}

static void end(transport *pool, transfer *request, CURLcode code) {
  transfer_note_end(request, code, pool->authority);
  leave_flight(pool, request, false);
}

static void abort_request(transport *pool, transfer *request, const char *reason) {
  transfer_note_abortion(request, reason);
  leave_flight(pool, request, is_of_another_process(pool));
}

static void abort_all(transport *pool, const char *reason) {
  for (transfer *request = pool->lent; request != NULL; request = request->next)
    if (is_in_flight(request))
      abort_request(pool, request, reason);
}

static void fail_all(transport *pool, CURLMcode code) {
  CURLcode failure = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
  for (transfer *request = pool->lent; request != NULL; request = request->next)
    if (is_in_flight(request))
      end(pool, request, failure);
}

static void end_ended(transport *pool) {
  int waiting;
  CURLMsg *message;
  while ((message = curl_multi_info_read(pool->multi, &waiting)) != NULL) {
    if (message->msg != CURLMSG_DONE)
      continue;
    /* Removing the handle frees the message: read it first. */
    CURLcode code = message->data.result;
    char *owner = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    end(pool, (transfer *)(void *)owner, code);
  }
}

/* ---- the pool ---- */

static bool set_up(transport *pool, const transport_settings *settings, const char **problem) {
  size_t length = strlen(settings->authority) + 1;
  pool->max_response_bytes = settings->max_response_bytes;
  pool->authority = malloc(length);
  pool->multi = curl_multi_init();
  pool->model = curl_easy_init();
  bool has_base = base_parts_take(&pool->base, settings->base_url);
  if (!has_base || pool->authority == NULL || pool->multi == NULL || pool->model == NULL)
    return false;
  memcpy(pool->authority, settings->authority, length);
  curl_multi_setopt(pool->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)MAX_STREAMS);
  CURLcode code = handle_settings_apply(pool->model, settings);
  if (code == CURLE_OK)
    code = transfer_prepare_model(pool->model);
  if (code != CURLE_OK && code != CURLE_OUT_OF_MEMORY)
    *problem = curl_easy_strerror(code);
  return code == CURLE_OK;
}

transport *transport_new(const transport_settings *settings, const char **problem) {
  *problem = NULL;
  transport *pool = calloc(1, sizeof *pool);
  if (pool == NULL)
    return NULL;
  if (!set_up(pool, settings, problem)) {
    transport_free(pool);
    return NULL;
  }
  return pool;
}

void transport_free(transport *pool) {
  if (pool == NULL)
    return;
  bool is_foreign = is_of_another_process(pool);
  abort_all(pool, "the client was closed while the call was in flight");
  while (pool->lent != NULL) {
    transfer *lent = pool->lent;
    unlink_lent(pool, lent);
    transfer_drop_handle(lent, is_foreign);
  }
  while (pool->idle_count > 0) {
    transfer *idle = pool->idle[--pool->idle_count];
    transfer_drop_handle(idle, is_foreign);
    transfer_delete(idle);
  }
  if (!is_foreign) {
    curl_easy_cleanup(pool->model);
    curl_multi_cleanup(pool->multi);
  }
  base_parts_free(&pool->base);
  free(pool->authority);
  free(pool);
}

/* Lets libcurl do what can be done at once. */
static void perform(transport *pool) {
  int running = 0;
  CURLMcode code = curl_multi_perform(pool->multi, &running);
  end_ended(pool);
  if (code != CURLM_OK)
    fail_all(pool, code);
}

size_t transport_poll(transport *pool, double seconds, bool when_idle) {
  size_t before = pool->in_flight_count;
  if (before == 0 && !when_idle)
    return 0;
  if (is_of_another_process(pool)) {
    abort_all(pool, "the process was forked while the call was in flight");
    if (before == 0) /* which only waits, where perform would read what belongs to that process */
      curl_multi_poll(pool->multi, NULL, 0, (int)milliseconds_of(seconds), NULL);
    return 0;
  }
  perform(pool);
  if (pool->in_flight_count == before && seconds > 0) {
    CURLMcode code = curl_multi_poll(pool->multi, NULL, 0, (int)milliseconds_of(seconds), NULL);
    if (code != CURLM_OK)
      fail_all(pool, code);
    else
      perform(pool);
  }
  return pool->in_flight_count;
}

size_t transport_in_flight(const transport *pool) {
  return pool->in_flight_count;
}

double transport_next_due(const transport *pool) {
  long milliseconds = -1;
  curl_multi_timeout(pool->multi, &milliseconds);
  return (double)milliseconds / 1000;
}

size_t transport_ended_count(const transport *pool) {
  return pool->ended_count;
}

bool transport_is_usable(const transport *pool) {
  return !is_of_another_process(pool);
}

transfer *transport_start(transport *pool, const transport_request *asked) {
  if (pool->owner == 0)
    pool->owner = process_id();
  transfer *request = lend(pool);
  if (request == NULL)
    return NULL;
  if (!transfer_take_request(request, &pool->base, asked) ||
      curl_multi_add_handle(pool->multi, request->easy) != CURLM_OK) {
    take_back(pool, request);
    return NULL;
  }
  pool->in_flight_count++;
  return request;
}

/* ---- one request ---- */

void transfer_abort(transfer *request) {
  if (request->pool != NULL && is_in_flight(request))
    abort_request(request->pool, request, "the call was aborted");
}

const transfer_result *transfer_peek(const transfer *request) {
  return &request->result;
}

const char *transfer_credential(const transfer *request) {
  return header_list_credential(request->headers);
}

void transfer_release(transfer *request) {
  if (request == NULL)
    return;
  transfer_abort(request);
  if (request->pool != NULL)
    take_back(request->pool, request);
  else
    transfer_delete(request);
}
