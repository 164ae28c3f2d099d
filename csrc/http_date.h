/* Dates and waits in headers, RFC 9110 sections 5.6.7 and 10.2.3. Knows libcurl's date reader, not Lua. */
#ifndef SUPERMETRICS_HTTP_DATE_H
#define SUPERMETRICS_HTTP_DATE_H

#pragma GCC visibility push(hidden)

/* The value of a Retry-After header: seconds to wait, from delta-seconds or an HTTP date; negative where `value` is
 * neither. A date is measured against the server's own `date` header where it sent one, so that a wrong local clock
 * does not matter. */
double retry_after_seconds(const char *value, const char *date);

/* Seconds since 1970; negative where the text is no date. */
double http_date_seconds(const char *text);

#pragma GCC visibility pop

#endif
