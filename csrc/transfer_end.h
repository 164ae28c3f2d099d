/* What libcurl's result codes mean to us: one row for each that a request to the API can meet. */
#ifndef SUPERMETRICS_TRANSFER_END_H
#define SUPERMETRICS_TRANSFER_END_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* How a request ended. TRANSFER_ANSWERED means that a whole answer arrived, whatever its status. */
typedef enum transfer_end {
  TRANSFER_IN_FLIGHT,
  TRANSFER_ANSWERED,
  TRANSFER_NETWORK,
  TRANSFER_TIMEOUT,
  TRANSFER_TLS,
  TRANSFER_MALFORMED, /* what came is not HTTP, or more than max_response_bytes */
  TRANSFER_ABORTED,
  TRANSFER_OUT_OF_MEMORY
} transfer_end;

enum { TRANSFER_REASON_SIZE = 512 };

typedef struct transfer_end_facts {
  int code;              /* CURLcode */
  int os_error;          /* errno of the last failed call of the system; 0 for none */
  long proxy_status;     /* of the answer to CONNECT; 0 for none */
  const char *curl_text; /* libcurl's own words; may be empty */
  const char *authority; /* "host port N" */
  double elapsed;        /* seconds */
  bool was_sent;
  bool header_has_nul;
  bool is_in_headers;          /* the answer's headers had begun, and not ended */
  const char *part_over_limit; /* "the body of the answer is", where our own callback stopped it; else NULL */
  size_t limit;                /* bytes */
  bool out_of_memory;
  size_t received; /* bytes of the body */
} transfer_end_facts;

/* How the request ended; where it was not answered, `reason` gets the sentence. */
transfer_end transfer_end_of(const transfer_end_facts *facts, char reason[TRANSFER_REASON_SIZE]);

#pragma GCC visibility pop

#endif
