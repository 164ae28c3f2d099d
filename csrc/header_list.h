/* The header lines of a request, the credential first; shared by all requests that send the same ones. */
#ifndef SUPERMETRICS_HEADER_LIST_H
#define SUPERMETRICS_HEADER_LIST_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

struct curl_slist;

typedef struct header_list header_list;

/* An empty list, or with the Authorization line for `credential` where that is not NULL. The caller is its first owner.
 * NULL when memory ran out. */
header_list *header_list_new(const char *credential);

/* Sets "name: value" in place of an earlier line of that name. False when memory ran out. */
bool header_list_set(header_list *list, const char *name, const char *value);

/* Keeps libcurl from sending a header of this name of its own accord. False when memory ran out. */
bool header_list_omit(header_list *list, const char *name);

/* Sets every line of `source`, its credential excepted. False when memory ran out. */
bool header_list_set_all(header_list *list, const header_list *source);

/* The bearer token in the list; NULL where there is none. */
const char *header_list_credential(const header_list *list);

/* The lines as libcurl takes them; they live as long as the list. */
struct curl_slist *header_list_lines(const header_list *list);

/* One more owner. Each owner calls header_list_release; the last one wipes its copy of the credential. */
header_list *header_list_retain(header_list *list);
void header_list_release(header_list *list);

#pragma GCC visibility pop

#endif
