#include "header_list.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char authorization[] = "Authorization: Bearer ";

struct header_list {
  struct curl_slist *lines;
  char *credential; /* inside the first line */
  unsigned owners;
};

/* A plain memset before a free may be removed by the compiler. */
static void wipe(char *text) {
  volatile char *byte = text;
  while (*byte != '\0')
    *byte++ = '\0';
}

static char *line_of(const char *name, const char *separator, const char *value) {
  size_t length = strlen(name) + strlen(separator) + strlen(value) + 1;
  char *line = malloc(length);
  if (line != NULL)
    snprintf(line, length, "%s%s%s", name, separator, value);
  return line;
}

/* Appends a copy of `line`. */
static bool append(header_list *list, const char *line) {
  struct curl_slist *grown = curl_slist_append(list->lines, line);
  if (grown == NULL)
    return false;
  list->lines = grown;
  return true;
}

static size_t name_length(const char *line) {
  return strcspn(line, ":;");
}

static void remove_line(header_list *list, const char *name, size_t length) {
  for (struct curl_slist **link = &list->lines; *link != NULL; link = &(*link)->next) {
    struct curl_slist *line = *link;
    if (name_length(line->data) == length && curl_strnequal(line->data, name, length)) {
      *link = line->next;
      line->next = NULL;
      curl_slist_free_all(line);
      return;
    }
  }
}

static bool replace(header_list *list, const char *line) {
  remove_line(list, line, name_length(line));
  return append(list, line);
}

header_list *header_list_new(const char *credential) {
  header_list *list = calloc(1, sizeof *list);
  if (list == NULL)
    return NULL;
  list->owners = 1;
  if (credential == NULL)
    return list;
  char *line = line_of(authorization, "", credential);
  bool added = line != NULL && append(list, line);
  if (line != NULL)
    wipe(line);
  free(line);
  if (!added) {
    header_list_release(list);
    return NULL;
  }
  list->credential = list->lines->data + strlen(authorization);
  return list;
}

/* Replaces by a line that is the caller's until then; NULL where memory ran out for it. */
static bool replace_and_free(header_list *list, char *line) {
  bool replaced = line != NULL && replace(list, line);
  free(line);
  return replaced;
}

/* To libcurl "Name:" means "do not send that header"; an empty value is spelt "Name;". */
bool header_list_set(header_list *list, const char *name, const char *value) {
  bool is_blank = value[strspn(value, " \t")] == '\0';
  return replace_and_free(list, is_blank ? line_of(name, ";", "") : line_of(name, ": ", value));
}

bool header_list_omit(header_list *list, const char *name) {
  return replace_and_free(list, line_of(name, ":", ""));
}

bool header_list_set_all(header_list *list, const header_list *source) {
  const struct curl_slist *line = source->lines;
  if (source->credential != NULL)
    line = line->next;
  for (; line != NULL; line = line->next)
    if (!replace(list, line->data))
      return false;
  return true;
}

const char *header_list_credential(const header_list *list) {
  return list->credential;
}

struct curl_slist *header_list_lines(const header_list *list) {
  return list->lines;
}

header_list *header_list_retain(header_list *list) {
  list->owners++;
  return list;
}

void header_list_release(header_list *list) {
  if (list == NULL || --list->owners > 0)
    return;
  if (list->credential != NULL)
    wipe(list->credential);
  curl_slist_free_all(list->lines);
  free(list);
}
