/* What all requests of one transport have in common. */
#ifndef SUPERMETRICS_TRANSPORT_SETTINGS_H
#define SUPERMETRICS_TRANSPORT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct transport_settings {
  const char *ca_file; /* PEM bundle; with ca_path it takes the place of the system's */
  const char *ca_path;
  const char *proxy;
  const char *base_url;
  bool is_plain_http;
  const char *authority;     /* "host port N", for messages */
  double connect_timeout;    /* seconds */
  size_t max_response_bytes; /* after decompression */
} transport_settings;

#endif
