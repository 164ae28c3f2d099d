/* Checks the address of a proxy, so that libcurl has no reason to complain about it in words that show its password. */
#ifndef SUPERMETRICS_PROXY_URL_H
#define SUPERMETRICS_PROXY_URL_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Whether it is a host, with or without port, user and password, and one of the schemes that libcurl knows or none. */
bool proxy_url_is_usable(const char *text);

#pragma GCC visibility pop

#endif
