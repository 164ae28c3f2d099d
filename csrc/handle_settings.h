/* The settings of a transport as options of libcurl. */
#ifndef SUPERMETRICS_HANDLE_SETTINGS_H
#define SUPERMETRICS_HANDLE_SETTINGS_H

#include "transport_settings.h"

#include <curl/curl.h>

#pragma GCC visibility push(hidden)

/* Sets all but the callbacks and the request on `easy`, which copies them. */
CURLcode handle_settings_apply(CURL *easy, const transport_settings *settings);

#pragma GCC visibility pop

#endif
