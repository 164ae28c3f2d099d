/* Many threads, each with a lua_State and a client of its own: nothing is shared but libcurl's initialisation.
 *
 *   SUPERMETRICS_API_KEY=… threads TEAM_ID BACKFILL_ID [THREADS [CALLS]]
 *
 * Reads the backfill in 8 threads, 1,000 times in each. Exit status: 0 where every call succeeded. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int luaopen_supermetrics_core(lua_State *L);

enum { MOST_THREADS = 64 };

typedef struct job {
  const char *team_id;
  const char *backfill_id;
  long calls;
  long succeeded;
  char problem[256];
} job;

static const char program[] = "local core = require 'supermetrics.core'\n"
                              "local team_id, backfill_id, calls = ...\n"
                              "local succeeded = 0\n"
                              "for _ = 1, calls do\n"
                              "  local backfill, err = core.get_backfill(team_id, backfill_id)\n"
                              "  if not backfill then return succeeded, tostring(err) end\n"
                              "  succeeded = succeeded + 1\n"
                              "end\n"
                              "return succeeded, ''\n";

static void *run(void *context) {
  job *own = context;
  lua_State *L = luaL_newstate();
  if (L == NULL)
    return NULL;
  luaL_openlibs(L);
  luaL_requiref(L, "supermetrics.core", luaopen_supermetrics_core, 0);
  lua_pop(L, 1);
  int status = luaL_loadstring(L, program);
  if (status == LUA_OK) {
    lua_pushstring(L, own->team_id);
    lua_pushstring(L, own->backfill_id);
    lua_pushinteger(L, own->calls);
    status = lua_pcall(L, 3, 2, 0);
  }
  if (status == LUA_OK)
    own->succeeded = (long)lua_tointeger(L, -2);
  const char *problem = lua_tostring(L, -1);
  snprintf(own->problem, sizeof own->problem, "%s", problem != NULL ? problem : "unknown");
  lua_close(L);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: threads TEAM_ID BACKFILL_ID [THREADS [CALLS]]\n");
    return 2;
  }
  long count = argc > 3 ? strtol(argv[3], NULL, 10) : 8;
  long calls = argc > 4 ? strtol(argv[4], NULL, 10) : 1000;
  if (count < 1 || count > MOST_THREADS || calls < 1) {
    fprintf(stderr, "threads: 1 to %d threads, at least 1 call\n", MOST_THREADS);
    return 2;
  }
  static job jobs[MOST_THREADS];
  pthread_t threads[MOST_THREADS];
  long started = 0, succeeded = 0;
  for (; started < count; started++) {
    jobs[started] = (job){.team_id = argv[1], .backfill_id = argv[2], .calls = calls};
    if (pthread_create(&threads[started], NULL, run, &jobs[started]) != 0)
      break;
  }
  for (long i = 0; i < started; i++) {
    pthread_join(threads[i], NULL);
    succeeded += jobs[i].succeeded;
    if (jobs[i].succeeded != calls)
      fprintf(stderr, "thread %ld: %s\n", i + 1, jobs[i].problem);
  }
  printf("%ld threads, %ld of %ld calls succeeded\n", started, succeeded, count * calls);
  return succeeded == count * calls ? 0 : 1;
}
