#include "transport.h"

#include "handle_settings.h"
#include "milliseconds.h"
#include "monotonic_clock.h"
#include "process_id.h"
#include "request_url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum {
  IDLE_HANDLES = 64,            /* kept for the next requests, with their allocations */
  MAX_STREAMS = 1000,           /* on one HTTP/2 connection, where the server allows as many */
  MAX_HEADER_BYTES = 256 * 1024 /* of one answer, 1xx included; libcurl before 8.3 has no limit of its own */
};

struct transport {
  CURLM *multi;
  CURL *model; /* never in flight: carries the settings, every other handle is a duplicate of it */
  CURL *idle[IDLE_HANDLES];
  size_t idle_count;
  transfer *in_flight; /* doubly linked */
  size_t in_flight_count;
  long owner; /* the process whose connections these are; 0 until there is one */
  base_parts base;
  char *authority;
  size_t max_response_bytes;
};

struct transfer {
  transport *pool; /* NULL once ended */
  CURL *easy;
  transfer *previous, *next;
  CURLU *url;
  header_list *headers;
  char *request_body;
  double began; /* by the monotonic clock */
  bool writes;
  bool answer_began; /* its status line came, or that of a 1xx before it */
  bool headers_ended;
  bool body_began;
  size_t earlier_header_bytes; /* of 1xx answers, each of which starts the headers anew */
  const char *part_over_limit; /* NULL for none */
  size_t limit;
  bool out_of_memory;
  char curl_text[CURL_ERROR_SIZE];
  transfer_result result;
};

/* ---- callbacks of libcurl ---- */

/* Notes why bytes were refused; returns what libcurl wants to hear. */
static size_t accept_bytes(transfer *request, buffer_status status, const char *part, size_t limit, size_t length) {
  if (status == BUFFER_OVER_LIMIT) {
    request->part_over_limit = part;
    request->limit = limit;
  }
  request->out_of_memory = status == BUFFER_OUT_OF_MEMORY;
  return status == BUFFER_OK ? length : 0;
}

static size_t receive_body(char *bytes, size_t size, size_t count, void *context) {
  transfer *request = context;
  buffer *body = &request->result.body;
  size_t length = size * count, limit = request->pool->max_response_bytes;
  request->body_began = true;
  buffer_status status = buffer_append(body, bytes, length, limit);
  if (status == BUFFER_OVER_LIMIT) /* what fits, for an excerpt of it */
    (void)buffer_append(body, bytes, limit - body->length, limit);
  return accept_bytes(request, status, "the body of the answer is", limit, length);
}

static const char HEADERS_ARE[] = "the headers of the answer are";

static bool starts_an_answer(const char *line, size_t length) {
  return length > 5 && memcmp(line, "HTTP/", 5) == 0;
}

static size_t receive_header(char *line, size_t size, size_t count, void *context) {
  transfer *request = context;
  size_t length = size * count;
  buffer *headers = &request->result.headers;
  if (request->body_began)
    return length; /* a trailer: nothing that this library reads comes in one */
  if (starts_an_answer(line, length)) {
    if (request->answer_began)
      request->earlier_header_bytes += headers->length + length;
    request->answer_began = true;
    request->headers_ended = false;
    headers->length = 0; /* what came before belongs to a 1xx answer, or to a proxy's */
    bool is_flood = request->earlier_header_bytes >= MAX_HEADER_BYTES;
    return accept_bytes(request, is_flood ? BUFFER_OVER_LIMIT : BUFFER_OK, HEADERS_ARE, MAX_HEADER_BYTES, length);
  }
  size_t kept = length;
  while (kept > 0 && (line[kept - 1] == '\r' || line[kept - 1] == '\n'))
    kept--;
  if (kept == 0) {
    request->headers_ended = true;
    return length;
  }
  /* A line is there whole, with its newline, or not at all. */
  size_t before = headers->length, limit = MAX_HEADER_BYTES - request->earlier_header_bytes;
  buffer_status status = buffer_append(headers, line, kept, limit);
  if (status == BUFFER_OK)
    status = buffer_append(headers, "\n", 1, limit);
  if (status != BUFFER_OK)
    headers->length = before;
  return accept_bytes(request, status, HEADERS_ARE, MAX_HEADER_BYTES, length);
}

/* Runs before each sending of the request. When a kept-alive connection dies, libcurl sends the request again by
 * itself, even where the server may have acted on it; for a write that is refused, so that one attempt is one request.
 */
static int before_sending(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
  transfer *request = context;
  if (request->writes && request->result.sends > 0)
    return CURL_PREREQFUNC_ABORT;
  request->result.sends++;
  return CURL_PREREQFUNC_OK;
}

/* ---- requests on handles ---- */

static CURLcode set_callbacks(CURL *easy) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
  if (code == CURLE_OK)
    code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
  if (code == CURLE_OK)
    code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
  return code;
}

static CURLcode set_request(CURL *easy, transfer *owner, const transport_request *request) {
  CURLcode code = CURLE_OK;
  if (request->body != NULL) {
    code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (code == CURLE_OK)
      code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
    if (code == CURLE_OK)
      code = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, owner->request_body);
  } else {
    code = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  if (code == CURLE_OK)
    code = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
  if (code == CURLE_OK)
    code = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds_of(request->timeout));
  if (code == CURLE_OK)
    code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_list_lines(owner->headers));
  if (code != CURLE_OK)
    return code;
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, owner->curl_text);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, owner);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, owner);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, owner);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, owner);
  return CURLE_OK;
}

/* Nothing of a request may be reachable from an idle handle. */
static void forget_request(CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_CURLU, NULL);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, NULL);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, NULL);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
}

/* ---- handles ---- */

static CURL *take_handle(transport *pool) {
  return pool->idle_count > 0 ? pool->idle[--pool->idle_count] : curl_easy_duphandle(pool->model);
}

static void give_handle_back(transport *pool, CURL *easy) {
  forget_request(easy);
  if (pool->idle_count < IDLE_HANDLES)
    pool->idle[pool->idle_count++] = easy;
  else
    curl_easy_cleanup(easy);
}

static void link_in_flight(transport *pool, transfer *request) {
  request->pool = pool;
  request->next = pool->in_flight;
  if (request->next != NULL)
    request->next->previous = request;
  pool->in_flight = request;
  pool->in_flight_count++;
}

static void unlink_in_flight(transport *pool, transfer *request) {
  if (request->previous != NULL)
    request->previous->next = request->next;
  else
    pool->in_flight = request->next;
  if (request->next != NULL)
    request->next->previous = request->previous;
  request->previous = request->next = NULL;
  pool->in_flight_count--;
}

/* ---- the end of a request ---- */

/* Whether the connections belong to the process that this one was forked from: nothing may be sent or even closed on
 * them, since that process goes on using them. */
static bool is_of_another_process(const transport *pool) {
  return pool->owner != 0 && pool->owner != process_id();
}

/* Takes an ended request off its pool. What it learned stays in `result`. */
static void finish(transfer *request, transfer_end end) {
  transport *pool = request->pool;
  transfer_result *result = &request->result;
  long status = 0;
  /* Before a request is sent, a handle that was used before still tells the status of its last one. */
  if (result->sends > 0)
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200)
    result->status = status;
  else
    result->headers.length = 0; /* those of a 1xx, which is no answer yet */
  result->elapsed = monotonic_seconds() - request->began;
  result->end = end;
  if (!is_of_another_process(pool)) {
    curl_multi_remove_handle(pool->multi, request->easy);
    give_handle_back(pool, request->easy);
  }
  request->easy = NULL;
  unlink_in_flight(pool, request);
  request->pool = NULL;
}

static void finish_with_code(transfer *request, CURLcode code) {
  long os_error = 0, new_connections = 0, proxy_status = 0, version = 0;
  curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &os_error);
  curl_easy_getinfo(request->easy, CURLINFO_NUM_CONNECTS, &new_connections);
  curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  curl_easy_getinfo(request->easy, CURLINFO_HTTP_VERSION, &version);
  request->result.is_connection_reused = new_connections == 0;
  request->result.is_http_1 = version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1;
  const transfer_end_facts facts = {
      .code = code,
      .os_error = (int)os_error,
      .proxy_status = proxy_status,
      .curl_text = request->curl_text,
      .authority = request->pool->authority,
      .elapsed = monotonic_seconds() - request->began,
      .was_sent = request->result.sends > 0,
      .is_in_headers = request->answer_began && !request->headers_ended,
      .part_over_limit = request->part_over_limit,
      .limit = request->limit,
      .out_of_memory = request->out_of_memory,
      .received = request->result.body.length,
  };
  finish(request, transfer_end_of(&facts, request->result.reason));
}

static void finish_aborted(transfer *request, const char *reason) {
  strncpy(request->result.reason, reason, TRANSFER_REASON_SIZE - 1);
  finish(request, TRANSFER_ABORTED);
}

static void finish_all_failed(transport *pool, CURLMcode code) {
  CURLcode failure = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
  while (pool->in_flight != NULL)
    finish_with_code(pool->in_flight, failure);
}

static void finish_ended(transport *pool) {
  int waiting;
  CURLMsg *message;
  while ((message = curl_multi_info_read(pool->multi, &waiting)) != NULL) {
    if (message->msg != CURLMSG_DONE)
      continue;
    /* Removing the handle frees the message: read it first. */
    CURLcode code = message->data.result;
    char *owner = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    finish_with_code((transfer *)(void *)owner, code);
  }
}

/* ---- the interface ---- */

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
    code = set_callbacks(pool->model);
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
  while (pool->in_flight != NULL)
    finish_aborted(pool->in_flight, "the client was closed while the call was in flight");
  if (!is_of_another_process(pool)) {
    while (pool->idle_count > 0)
      curl_easy_cleanup(pool->idle[--pool->idle_count]);
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
  finish_ended(pool);
  if (code != CURLM_OK)
    finish_all_failed(pool, code);
}

size_t transport_poll(transport *pool, double seconds, bool when_idle) {
  size_t before = pool->in_flight_count;
  if (before == 0 && !when_idle)
    return 0;
  while (pool->in_flight != NULL && is_of_another_process(pool))
    finish_aborted(pool->in_flight, "the process was forked while the call was in flight");
  perform(pool);
  if (pool->in_flight_count == before && seconds > 0) {
    CURLMcode code = curl_multi_poll(pool->multi, NULL, 0, (int)milliseconds_of(seconds), NULL);
    if (code != CURLM_OK)
      finish_all_failed(pool, code);
    else
      perform(pool);
  }
  return pool->in_flight_count;
}

size_t transport_in_flight(const transport *pool) {
  return pool->in_flight_count;
}

static bool put_in_flight(transport *pool, transfer *request, const transport_request *asked) {
  if (asked->body != NULL) {
    request->request_body = malloc(asked->body_length + 1);
    if (request->request_body == NULL)
      return false;
    memcpy(request->request_body, asked->body, asked->body_length);
  }
  request->easy = take_handle(pool);
  if (request->easy == NULL)
    return false;
  request->url = request_url_set(request->easy, &pool->base, asked->path);
  if (request->url == NULL || set_request(request->easy, request, asked) != CURLE_OK ||
      curl_multi_add_handle(pool->multi, request->easy) != CURLM_OK) {
    give_handle_back(pool, request->easy);
    return false;
  }
  link_in_flight(pool, request);
  return true;
}

bool transport_is_usable(const transport *pool) {
  return !is_of_another_process(pool);
}

transfer *transport_start(transport *pool, const transport_request *asked) {
  transfer *request = calloc(1, sizeof *request);
  if (request == NULL)
    return NULL;
  if (pool->owner == 0)
    pool->owner = process_id();
  request->began = monotonic_seconds();
  request->writes = asked->writes;
  request->headers = header_list_retain(asked->headers);
  if (!put_in_flight(pool, request, asked)) {
    transfer_free(request);
    return NULL;
  }
  return request;
}

void transfer_abort(transfer *request) {
  if (request->pool != NULL)
    finish_aborted(request, "the call was aborted");
}

const transfer_result *transfer_peek(const transfer *request) {
  return &request->result;
}

const char *transfer_credential(const transfer *request) {
  return header_list_credential(request->headers);
}

void transfer_free(transfer *request) {
  if (request == NULL)
    return;
  transfer_abort(request);
  header_list_release(request->headers);
  curl_url_cleanup(request->url);
  buffer_free(&request->result.headers);
  buffer_free(&request->result.body);
  free(request->request_body);
  free(request);
}
