#include "credential.h"

#include <lauxlib.h>
#include <string.h>

enum { SHORTEST_TO_REMOVE = 8 };

static const char *find_bytes(const char *text, size_t length, const char *wanted, size_t wanted_length) {
  for (; length >= wanted_length; text++, length--) {
    const char *first = memchr(text, wanted[0], length - wanted_length + 1);
    if (first == NULL)
      return NULL;
    if (memcmp(first, wanted, wanted_length) == 0)
      return first;
    length -= (size_t)(first - text);
    text = first;
  }
  return NULL;
}

bool credential_is_in(const char *text, size_t length, const char *credential) {
  size_t credential_length = credential != NULL ? strlen(credential) : 0;
  return credential_length >= SHORTEST_TO_REMOVE && find_bytes(text, length, credential, credential_length) != NULL;
}

void credential_push_removed(lua_State *L, const char *text, size_t length, const char *credential) {
  if (!credential_is_in(text, length, credential)) {
    lua_pushlstring(L, text, length);
    return;
  }
  size_t credential_length = strlen(credential);
  luaL_Buffer result;
  luaL_buffinit(L, &result);
  const char *found;
  while ((found = find_bytes(text, length, credential, credential_length)) != NULL) {
    luaL_addlstring(&result, text, (size_t)(found - text));
    luaL_addstring(&result, "[credential removed]");
    length -= (size_t)(found - text) + credential_length;
    text = found + credential_length;
  }
  luaL_addlstring(&result, text, length);
  luaL_pushresult(&result);
}

const char *credential_problem(const char *credential, size_t length) {
  if (length == 0)
    return "must not be empty";
  for (size_t i = 0; i < length; i++)
    if (credential[i] <= ' ' || credential[i] > '~')
      return "must be printable ASCII without spaces: has it a line break at its end?";
  return NULL;
}
