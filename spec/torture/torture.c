/* Makes allocation number 1, 2, 3 … fail, until a scenario no longer meets a failure, for each of three allocators:
 * Lua's, libcurl's and the core's own. After each failure nothing may be lost or left over, and the core must work. */
#define TORTURE_HARNESS
#include "allocations.h"
#include "server.h"

#include <curl/curl.h>
#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int luaopen_supermetrics_core(lua_State *L);

/* ---- the allocators ---- */

typedef enum source { SOURCE_LUA, SOURCE_LIBCURL, SOURCE_CORE, SOURCES } source;

static const char *const source_names[SOURCES] = {"Lua", "libcurl", "the core"};

static struct allocator {
  long fail_at;            /* the allocation that fails; 0 for none */
  long made;               /* since it was armed */
  atomic_long outstanding; /* libcurl looks up names on threads of its own */
  bool has_failed;
} allocators[SOURCES];

/* Blocks of libcurl's and of the core's carry no mark of whose they are, since each frees only its own. */
static bool fails(source from) {
  struct allocator *by = &allocators[from];
  if (by->fail_at == 0 || ++by->made != by->fail_at)
    return false;
  by->has_failed = true;
  return true;
}

static void *count_block(source from, void *block) {
  allocators[from].outstanding += block != NULL;
  return block;
}

static void *allocate(source from, size_t size) {
  return fails(from) ? NULL : count_block(from, malloc(size));
}

static void *allocate_zeroed(source from, size_t count, size_t size) {
  return fails(from) ? NULL : count_block(from, calloc(count, size));
}

static void *reallocate(source from, void *block, size_t size) {
  if (fails(from))
    return NULL;
  void *grown = realloc(block, size);
  return block == NULL ? count_block(from, grown) : grown;
}

static void release(source from, void *block) {
  allocators[from].outstanding -= block != NULL;
  free(block);
}

void *core_malloc(size_t size) {
  return allocate(SOURCE_CORE, size);
}
void *core_calloc(size_t count, size_t size) {
  return allocate_zeroed(SOURCE_CORE, count, size);
}
void *core_realloc(void *block, size_t size) {
  return reallocate(SOURCE_CORE, block, size);
}
void core_free(void *block) {
  release(SOURCE_CORE, block);
}

static void *curl_malloc(size_t size) {
  return allocate(SOURCE_LIBCURL, size);
}
static void *curl_calloc(size_t count, size_t size) {
  return allocate_zeroed(SOURCE_LIBCURL, count, size);
}
static void *curl_realloc(void *block, size_t size) {
  return reallocate(SOURCE_LIBCURL, block, size);
}
static void curl_release(void *block) {
  release(SOURCE_LIBCURL, block);
}
static char *curl_duplicate(const char *text) {
  char *copy = curl_malloc(strlen(text) + 1);
  return copy != NULL ? strcpy(copy, text) : NULL;
}

/* Lua counts on shrinking never failing. */
static void *lua_allocate(void *context, void *block, size_t old_size, size_t size) {
  (void)context;
  if (size == 0) {
    release(SOURCE_LUA, block);
    return NULL;
  }
  if (block == NULL)
    return allocate(SOURCE_LUA, size);
  return size <= old_size ? realloc(block, size) : reallocate(SOURCE_LUA, block, size);
}

/* ---- scenarios ---- */

#define HEADERS "Content-Type: application/json\r\nX-Request-Id: r-1\r\nServer: torture\r\n"
#define BACKFILL                                                                                                       \
  "{\"transfer_backfill_id\":67890,\"transfer_id\":501,\"status\":\"CANCELLED\",\"created_user_id\":\"789\","          \
  "\"removed_user_id\":9007199254740993,\"error_report\":[{\"error\":\"x\"}]}"

/* Each is a function of core, base_url and options: it returns what a call came to, or nothing. */
static const struct scenario {
  const char *name;
  const char *status;
  const char *body; /* NULL: the server stays silent */
  int copies;       /* how often `body` stands in a list; 0 for no list */
  const char *expected;
  const char *program;
  bool writes; /* one write, whose outcome `not_applied` tells */
} scenarios[] = {
    {"open and close a client", NULL, NULL, 0, "closed",
     "local c = new{headers = {['X-A'] = 'b'}, user_agent = 'x/1', timeout = 5, connect_timeout = 5}"
     " c:close() return 'closed'",
     false},
    {"cancel", "200 OK", BACKFILL, 0, "CANCELLED", "return finish(new(), 'cancel_backfill', 12345, 67890)", true},
    {"cancel with a token", "200 OK", BACKFILL, 0, "CANCELLED",
     "return finish(new(), 'cancel_backfill', 12345, 67890, {token = 'otok_x', headers = {['X-B'] = 'c'}})", true},
    {"get", "200 OK", BACKFILL, 0, "CANCELLED", "return finish(new(), 'get_backfill', 12345, 67890)", false},
    {"create", "200 OK", BACKFILL, 0, "CANCELLED",
     "return finish(new(), 'create_backfill', 12345, 501, '2024-01-01', '2024-01-31')", true},
    {"list of 100", "200 OK", BACKFILL, 100, "100", "return finish(new(), 'list_incomplete_backfills', 12345)", false},
    {"a refusal", "422 No", "{\"error\":{\"code\":\"C\",\"message\":\"m\",\"description\":\"d\"}}", 0, "unprocessable",
     "return finish(new(), 'cancel_backfill', 12345, 67890)", true},
    {"a proxy's page", "502 Bad", "<html>Bad Gateway</html>", 0, "server_error",
     "return finish(new(), 'cancel_backfill', 12345, 67890)", true},
    {"an oversized body", "200 OK", BACKFILL, 100, "invalid_response",
     "return finish(new{max_response_bytes = 100}, 'cancel_backfill', 12345, 67890)", true},
    {"abort in flight", NULL, NULL, 0, "aborted",
     "local c = new() local call = c:start('cancel_backfill', 12345, 67890) c:poll(0) call:abort()"
     " return outcome(call:result())",
     false},
    {"close with calls in flight", NULL, NULL, 0, "aborted",
     "local c = new() local first = c:start('get_backfill', 1, 2) local second = c:start('cancel_backfill', 1, 2)"
     " c:poll(0) c:close() outcome(first:result()) return outcome(second:result())",
     false},
    {"collect a call in flight", NULL, NULL, 0, "collected",
     "do local c = new() c:start('get_backfill', 1, 2) c:poll(0) end collectgarbage() return 'collected'", false},
};

static const char prelude[] = "local core, base_url = ...\n"
                              "function new(options)\n"
                              "  options = options or {}\n"
                              "  options.api_key, options.base_url = 'key_of_the_torture', base_url\n"
                              "  return core.client(options)\n"
                              "end\n"
                              "function outcome(value, err)\n"
                              "  if err then\n"
                              "    sentence = tostring(err)\n"
                              "    out_of_memory = (err.reason or ''):find('out of memory', 1, true) ~= nil\n"
                              "    not_applied = err.outcome == 'not_applied'\n"
                              "    return err.kind\n"
                              "  end\n"
                              "  return tostring(value.status or #value)\n"
                              "end\n"
                              "function finish(client, ...)\n"
                              "  local call = client:start(...)\n"
                              "  while client:poll(5) > 0 do end\n"
                              "  return outcome(call:result())\n"
                              "end\n";

static char answer_text[65536];

static void set_answer(const struct scenario *of) {
  static char body[32768];
  if (of->body == NULL) {
    server_answer(NULL);
    return;
  }
  bool is_plain = strncmp(of->body, "{\"transfer", 10) != 0;
  size_t used = (size_t)sprintf(body, "%s%s", is_plain ? "" : "{\"data\":", of->copies > 0 ? "[" : "");
  for (int i = 0; i < (of->copies > 0 ? of->copies : 1); i++)
    used += (size_t)sprintf(body + used, "%s%s", i > 0 ? "," : "", of->body);
  sprintf(body + used, "%s%s", of->copies > 0 ? "]" : "", is_plain ? "" : "}");
  snprintf(answer_text, sizeof answer_text, "HTTP/1.1 %s\r\n" HEADERS "Content-Length: %zu\r\n\r\n%s", of->status,
           strlen(body), body);
  server_answer(answer_text);
}

/* ---- one run ---- */

static char base_url[64];

typedef struct outcome {
  bool raised;
  bool is_out_of_memory; /* and says so */
  bool not_applied;
  char text[512];
  char sentence[512]; /* of an Error */
} outcome;

static bool boolean_global(lua_State *L, const char *name) {
  lua_getglobal(L, name);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

static int run_protected(lua_State *L) {
  const struct scenario *of = lua_touserdata(L, 1);
  luaL_openlibs(L);
  luaL_requiref(L, "supermetrics.core", luaopen_supermetrics_core, 0);
  if (luaL_loadstring(L, prelude) != LUA_OK)
    lua_error(L);
  lua_insert(L, -2);
  lua_pushstring(L, base_url);
  lua_call(L, 2, 0);
  if (luaL_loadstring(L, of->program) != LUA_OK)
    lua_error(L);
  lua_call(L, 0, 1);
  return 1;
}

/* Runs a scenario in a state of its own. */
static outcome run(const struct scenario *of) {
  outcome found = {.raised = true, .is_out_of_memory = true, .not_applied = true, .text = "no state"};
  lua_State *L = lua_newstate(lua_allocate, NULL);
  if (L == NULL)
    return found;
  lua_pushcfunction(L, run_protected);
  lua_pushlightuserdata(L, (void *)(size_t)of);
  int status = lua_pcall(L, 1, 1, 0);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no text";
  snprintf(found.text, sizeof found.text, "%s", text);
  for (int i = 0; i < SOURCES; i++)
    allocators[i].fail_at = 0;
  found.raised = status != LUA_OK;
  found.is_out_of_memory = found.raised ? strstr(text, "memory") != NULL : boolean_global(L, "out_of_memory");
  found.not_applied = boolean_global(L, "not_applied");
  lua_getglobal(L, "sentence");
  snprintf(found.sentence, sizeof found.sentence, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
  lua_close(L);
  return found;
}

static int open_descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder != NULL && readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

/* ---- the torture ---- */

static long points, failures, misnamed;

/* libcurl takes a lack of memory for a name that does not resolve (7.88), or for a URL that was never set (8.23).
 * Nothing is sent then, and the error says so, but not why. */
static bool is_misnamed_by_libcurl(source from, const outcome *found, bool was_sent) {
  bool is_misnamed = strstr(found->sentence, "the host name could not be resolved") != NULL ||
                     strstr(found->sentence, "No URL set") != NULL;
  return from == SOURCE_LIBCURL && !found->raised && !was_sent && found->not_applied && is_misnamed;
}

static void complain(const struct scenario *of, source from, long number, const char *problem, const outcome *found) {
  failures++;
  printf("FAILED  %s, allocation %ld of %s: %s (%s: %s)\n", of->name, number, source_names[from], problem, found->text,
         found->sentence);
}

/* Descriptors of the server's side go when it notices, so only those of a client that was forgotten would pile up. */
enum { MOST_NEW_DESCRIPTORS = 8 };

/* Whether the blocks of all allocators are as many as before. A thread on which libcurl looked up a name for a call
 * that was given up frees its own when it is done, so that may take a moment. */
static bool is_all_freed(const long baseline[SOURCES]) {
  for (int attempt = 0; attempt < 1000; attempt++) {
    int different = 0;
    for (int i = 0; i < SOURCES; i++)
      different += allocators[i].outstanding != baseline[i];
    if (different == 0)
      return true;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return false;
}

static void torture(const struct scenario *of, source from, const long baseline[SOURCES]) {
  bool failed = true;
  for (long number = 1; failed; number++) {
    server_take_requests();
    allocators[from].made = 0;
    allocators[from].has_failed = false;
    allocators[from].fail_at = number;
    outcome found = run(of);
    failed = allocators[from].has_failed;
    points += failed;
    bool was_sent = server_take_requests() > 0;
    bool is_usual = !found.raised && !found.is_out_of_memory && strcmp(found.text, of->expected) == 0;
    if (failed && is_misnamed_by_libcurl(from, &found, was_sent))
      misnamed++;
    else if (!is_usual && !(failed && found.is_out_of_memory))
      complain(of, from, number, "neither the usual result nor out of memory", &found);
    bool is_refused = of->status != NULL && of->status[0] == '4';
    if (!found.raised && found.is_out_of_memory && found.not_applied && was_sent && of->writes && !is_refused)
      complain(of, from, number, "it may have been applied", &found);
    if (!is_all_freed(baseline))
      complain(of, from, number, "something was not freed", &found);
  }
  outcome after = run(of);
  if (after.raised || strcmp(after.text, of->expected) != 0)
    complain(of, from, 0, "it no longer works", &after);
}

int main(void) {
  snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d/v1", server_start());
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_release, curl_realloc, curl_duplicate, curl_calloc) !=
      CURLE_OK)
    return 2;
  size_t count = sizeof scenarios / sizeof scenarios[0];
  for (size_t i = 0; i < count; i++) {
    set_answer(&scenarios[i]);
    outcome warm = run(&scenarios[i]); /* what is made once for the process is made now */
    if (warm.raised || strcmp(warm.text, scenarios[i].expected) != 0) {
      printf("FAILED  %s without any failure: %s\n", scenarios[i].name, warm.text);
      return 1;
    }
  }
  nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* for threads of the last of them */
  long baseline[SOURCES];
  for (int i = 0; i < SOURCES; i++)
    baseline[i] = allocators[i].outstanding;
  int descriptors = open_descriptors();
  for (size_t i = 0; i < count; i++) {
    long before = points;
    set_answer(&scenarios[i]);
    for (int from = 0; from < SOURCES; from++)
      torture(&scenarios[i], from, baseline);
    printf("%-28s %5ld points\n", scenarios[i].name, points - before);
    fflush(stdout);
  }
  if (open_descriptors() > descriptors + MOST_NEW_DESCRIPTORS) {
    failures++;
    printf("FAILED  %d descriptors are left over\n", open_descriptors() - descriptors);
  }
  printf("allocation torture: %zu scenarios, %ld failure points, %ld failures; %ld times libcurl named it otherwise\n",
         count, points, failures, misnamed);
  return failures == 0 ? 0 : 1;
}
