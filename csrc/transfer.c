#include "transfer.h"

#include "library.h"
#include "milliseconds.h"
#include "monotonic_clock.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  MAX_HEADER_BYTES = 256 * 1024, /* of one answer, 1xx included; libcurl before 8.3 has no limit of its own */
  KEPT_BYTES = 4 * 1024          /* a buffer up to this size is kept for the next request */
};

/* ---- callbacks of libcurl ---- */

/* Notes why bytes were refused; returns what libcurl wants to hear. */
static size_t accept_bytes(transfer *target, buffer_status status, const char *part, size_t limit, size_t length) {
  if (status == BUFFER_OVER_LIMIT) {
    target->reception.part_over_limit = part;
    target->reception.limit = limit;
  }
  target->reception.out_of_memory = status == BUFFER_OUT_OF_MEMORY;
  return status == BUFFER_OK ? length : 0;
}

static size_t receive_body(char *bytes, size_t size, size_t count, void *context) {
  transfer *target = context;
  buffer *body = &target->result.body;
  size_t length = size * count, limit = target->max_response_bytes;
  target->reception.body_began = true;
  buffer_status status = buffer_append(body, bytes, length, limit);
  if (status == BUFFER_OVER_LIMIT) /* what fits, for an excerpt of it */
    (void)buffer_append(body, bytes, limit - body->length, limit);
  return accept_bytes(target, status, "the body of the answer is", limit, length);
}

static const char HEADERS_ARE[] = "the headers of the answer are";

static bool starts_an_answer(const char *line, size_t length) {
  return length > 5 && memcmp(line, "HTTP/", 5) == 0;
}

static size_t receive_header(char *line, size_t size, size_t count, void *context) {
  transfer *target = context;
  reception *so_far = &target->reception;
  size_t length = size * count;
  buffer *headers = &target->result.headers;
  if (memchr(line, '\0', length) != NULL) { /* which libcurl 7.81 lets pass */
    so_far->header_has_nul = true;
    return 0;
  }
  if (so_far->body_began)
    return length; /* a trailer: nothing that this library reads comes in one */
  if (starts_an_answer(line, length)) {
    if (so_far->answer_began)
      so_far->earlier_header_bytes += headers->length + length;
    so_far->answer_began = true;
    so_far->headers_ended = false;
    headers->length = 0; /* what came before belongs to a 1xx answer, or to a proxy's */
    bool is_flood = so_far->earlier_header_bytes >= MAX_HEADER_BYTES;
    return accept_bytes(target, is_flood ? BUFFER_OVER_LIMIT : BUFFER_OK, HEADERS_ARE, MAX_HEADER_BYTES, length);
  }
  size_t kept = length;
  while (kept > 0 && (line[kept - 1] == '\r' || line[kept - 1] == '\n'))
    kept--;
  if (kept == 0) {
    so_far->headers_ended = true;
    return length;
  }
  /* A line is there whole, with its newline, or not at all. */
  size_t before = headers->length, limit = MAX_HEADER_BYTES - so_far->earlier_header_bytes;
  buffer_status status = buffer_append(headers, line, kept, limit);
  if (status == BUFFER_OK)
    status = buffer_append(headers, "\n", 1, limit);
  if (status != BUFFER_OK)
    headers->length = before;
  return accept_bytes(target, status, HEADERS_ARE, MAX_HEADER_BYTES, length);
}

/* Runs before each sending of the request. When a kept-alive connection dies, libcurl sends the request again by
 * itself, even where the server may have acted on it; for a write that is refused, so that one attempt is one request.
 */
static int before_sending(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
  transfer *target = context;
  if (target->writes && target->result.sends > 0)
    return CURL_PREREQFUNC_ABORT;
  target->result.sends++;
  return CURL_PREREQFUNC_OK;
}

CURLcode transfer_prepare_model(CURL *model) {
  CURLcode code = curl_easy_setopt(model, CURLOPT_WRITEFUNCTION, receive_body);
  if (code == CURLE_OK)
    code = curl_easy_setopt(model, CURLOPT_HEADERFUNCTION, receive_header);
  if (code == CURLE_OK)
    code = curl_easy_setopt(model, CURLOPT_PREREQFUNCTION, before_sending);
  return code;
}

/* ---- making one ---- */

static void set_context(transfer *target) {
  curl_easy_setopt(target->easy, CURLOPT_ERRORBUFFER, target->curl_text);
  curl_easy_setopt(target->easy, CURLOPT_PRIVATE, target);
  curl_easy_setopt(target->easy, CURLOPT_WRITEDATA, target);
  curl_easy_setopt(target->easy, CURLOPT_HEADERDATA, target);
  curl_easy_setopt(target->easy, CURLOPT_PREREQDATA, target);
}

transfer *transfer_new(CURL *model, const base_parts *base, size_t max_response_bytes) {
  transfer *made = calloc(1, sizeof *made);
  if (made == NULL)
    return NULL;
  made->max_response_bytes = max_response_bytes;
  made->easy = curl_easy_duphandle(model);
  made->url = curl_url_dup(base->parts);
  if (made->easy == NULL || made->url == NULL) {
    transfer_drop_handle(made, false);
    transfer_delete(made);
    return NULL;
  }
  set_context(made);
  return made;
}

/* ---- a request ---- */

static CURLcode set_body(transfer *target, const transport_request *asked) {
  CURLcode code = curl_easy_setopt(target->easy, CURLOPT_POST, 1L);
  if (code == CURLE_OK)
    code = curl_easy_setopt(target->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)asked->body_length);
  if (code == CURLE_OK)
    code = curl_easy_setopt(target->easy, CURLOPT_POSTFIELDS, target->request_body.bytes);
  return code;
}

bool transfer_take_request(transfer *target, base_parts *base, const transport_request *asked) {
  target->began = monotonic_seconds();
  target->writes = asked->writes;
  target->headers = header_list_retain(asked->headers);
  bool has_body = asked->body != NULL;
  if (has_body && buffer_append(&target->request_body, asked->body, asked->body_length, SIZE_MAX - 1) != BUFFER_OK)
    return false;
  if (!request_url_set(target->easy, target->url, base, asked->path))
    return false;
  CURLcode code = has_body ? set_body(target, asked) : curl_easy_setopt(target->easy, CURLOPT_HTTPGET, 1L);
  if (code == CURLE_OK)
    code = curl_easy_setopt(target->easy, CURLOPT_CUSTOMREQUEST, asked->method);
  if (code == CURLE_OK)
    code = curl_easy_setopt(target->easy, CURLOPT_TIMEOUT_MS, milliseconds_of(asked->timeout));
  if (code == CURLE_OK)
    code = curl_easy_setopt(target->easy, CURLOPT_HTTPHEADER, header_list_lines(target->headers));
  return code == CURLE_OK;
}

static void forget_bytes(buffer *bytes) {
  bytes->length = 0;
  if (bytes->capacity > KEPT_BYTES)
    buffer_free(bytes);
}

void transfer_forget_request(transfer *target) {
  if (target->easy != NULL) {
    curl_easy_setopt(target->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(target->easy, CURLOPT_POSTFIELDS, NULL);
  }
  header_list_release(target->headers);
  target->headers = NULL;
  target->curl_text[0] = '\0';
  target->reception = (reception){0};
  buffer headers = target->result.headers, body = target->result.body;
  forget_bytes(&target->request_body);
  forget_bytes(&headers);
  forget_bytes(&body);
  target->result = (transfer_result){.headers = headers, .body = body};
}

/* ---- its end ---- */

/* Whether an answer that was cut off behind its headers may look whole, where they name no length: one of HTTP/1 ends
 * with its connection then, and a libcurl that hides resets takes one of HTTP/2 for ended. */
static bool may_look_whole(CURL *easy) {
  long version = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1 || library_hides_resets();
}

/* What came, and how long it took. */
static void note_answer(transfer *target) {
  transfer_result *result = &target->result;
  long status = 0;
  /* Before a request is sent, a handle that was used before still tells the status of its last one. */
  if (result->sends > 0)
    curl_easy_getinfo(target->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200)
    result->status = status;
  else
    result->headers.length = 0; /* those of a 1xx, which is no answer yet */
  result->elapsed = monotonic_seconds() - target->began;
}

void transfer_note_end(transfer *target, CURLcode code, const char *authority) {
  long os_error = 0, new_connections = 0, proxy_status = 0;
  curl_easy_getinfo(target->easy, CURLINFO_OS_ERRNO, &os_error);
  curl_easy_getinfo(target->easy, CURLINFO_NUM_CONNECTS, &new_connections);
  curl_easy_getinfo(target->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  note_answer(target);
  target->result.is_connection_reused = new_connections == 0;
  target->result.may_look_whole = may_look_whole(target->easy);
  const transfer_end_facts facts = {
      .code = code,
      .os_error = (int)os_error,
      .proxy_status = proxy_status,
      .curl_text = target->curl_text,
      .authority = authority,
      .elapsed = target->result.elapsed,
      .was_sent = target->result.sends > 0,
      .header_has_nul = target->reception.header_has_nul,
      .is_in_headers = target->reception.answer_began && !target->reception.headers_ended,
      .part_over_limit = target->reception.part_over_limit,
      .limit = target->reception.limit,
      .out_of_memory = target->reception.out_of_memory,
      .received = target->result.body.length,
  };
  target->result.end = transfer_end_of(&facts, target->result.reason);
}

void transfer_note_abortion(transfer *target, const char *reason) {
  note_answer(target);
  strncpy(target->result.reason, reason, TRANSFER_REASON_SIZE - 1);
  target->result.end = TRANSFER_ABORTED;
}

/* ---- freeing ---- */

void transfer_drop_handle(transfer *target, bool is_of_another_process) {
  if (!is_of_another_process)
    curl_easy_cleanup(target->easy);
  target->easy = NULL;
}

void transfer_delete(transfer *target) {
  if (target == NULL)
    return;
  header_list_release(target->headers);
  curl_url_cleanup(target->url);
  buffer_free(&target->request_body);
  buffer_free(&target->result.headers);
  buffer_free(&target->result.body);
  free(target);
}
