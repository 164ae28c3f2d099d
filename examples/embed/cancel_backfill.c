/* A host in C that cancels a backfill through the core alone: linked statically, no Lua file of the library needed.
 *
 *   SUPERMETRICS_API_KEY=… cancel_backfill TEAM_ID BACKFILL_ID
 *
 * Exit status: 0 cancelled, 1 not, 2 wrong arguments. lua-cjson must be where `require` finds it, or preloaded likewise
 * with luaL_requiref(L, "cjson", luaopen_cjson, 0). */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

int luaopen_supermetrics_core(lua_State *L);

static const char program[] = "local core = require 'supermetrics.core'\n"
                              "local backfill, err = core.cancel_backfill(...)\n"
                              "if backfill then\n"
                              "  return 'backfill ' .. backfill.transfer_backfill_id .. ' is ' .. backfill.status\n"
                              "end\n"
                              "return nil, tostring(err)\n";

/* Runs the program with the two ids; prints what it returns. */
static int run(lua_State *L, char **ids) {
  luaL_openlibs(L);
  luaL_requiref(L, "supermetrics.core", luaopen_supermetrics_core, 0);
  lua_pop(L, 1);
  if (luaL_loadstring(L, program) != LUA_OK)
    return 2;
  lua_pushstring(L, ids[0]);
  lua_pushstring(L, ids[1]);
  if (lua_pcall(L, 2, 2, 0) != LUA_OK) { /* misuse: an id that is none, no key */
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return 2;
  }
  int is_cancelled = !lua_isnil(L, -2);
  fprintf(is_cancelled ? stdout : stderr, "%s\n", lua_tostring(L, is_cancelled ? -2 : -1));
  return is_cancelled ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: cancel_backfill TEAM_ID BACKFILL_ID\n");
    return 2;
  }
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fprintf(stderr, "out of memory\n");
    return 2;
  }
  int status = run(L, argv + 1);
  lua_close(L);
  return status;
}
