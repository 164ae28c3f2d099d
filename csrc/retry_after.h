/* The Retry-After header, RFC 9110 section 10.2.3. Knows libcurl's date reader, not Lua. */
#ifndef SUPERMETRICS_RETRY_AFTER_H
#define SUPERMETRICS_RETRY_AFTER_H

#pragma GCC visibility push(hidden)

/* Seconds to wait, from delta-seconds or an HTTP date; negative where `value` is neither. A date is measured against
 * the server's own `date` header where it sent one, so that a wrong local clock does not matter. */
double retry_after_seconds(const char *value, const char *date);

#pragma GCC visibility pop

#endif
