#include "reading.h"

#include "json.h"

int reading_push_member(lua_State *L, int object, const char *name) {
  if (lua_istable(L, object))
    lua_getfield(L, object, name);
  else
    lua_pushnil(L);
  return lua_type(L, -1);
}

void reading_push_settled_member(const reading *read, int object, const char *name) {
  reading_push_member(read->L, object, name);
  if (json_push_settled(read->L, -1, read->marked))
    lua_remove(read->L, -2);
}

bool reading_has_envelope(const reading *read) {
  bool is_there = reading_push_member(read->L, read->document, "error") == LUA_TTABLE;
  lua_pop(read->L, 1);
  return is_there;
}
