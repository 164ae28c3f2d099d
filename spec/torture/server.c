#include "server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 64, REQUEST_SIZE = 8192 };

typedef struct connection {
  size_t length;
  char bytes[REQUEST_SIZE];
} connection;

static struct pollfd sockets[MOST_CONNECTIONS];
static connection connections[MOST_CONNECTIONS];
static nfds_t count;
static _Atomic(const char *) answer;
static atomic_int requests;

static void check(int is_right, const char *what) {
  if (is_right)
    return;
  perror(what);
  exit(2);
}

/* The length of the request at the front; 0 where it is not all there. */
static size_t request_length(const connection *from) {
  const char *end = memmem(from->bytes, from->length, "\r\n\r\n", 4);
  if (end == NULL)
    return 0;
  size_t length = (size_t)(end - from->bytes) + 4;
  const char *body = memmem(from->bytes, length, "Content-Length: ", 16);
  if (body != NULL)
    length += (size_t)atol(body + 16);
  return length <= from->length ? length : 0;
}

static void serve(connection *from, int socket) {
  size_t length;
  while ((length = request_length(from)) > 0) {
    from->length -= length;
    memmove(from->bytes, from->bytes + length, from->length);
    const char *text = atomic_load(&answer);
    atomic_fetch_add(&requests, 1);
    if (text != NULL && send(socket, text, strlen(text), MSG_NOSIGNAL) < 0)
      return;
  }
}

static void drop(nfds_t index) {
  close(sockets[index].fd);
  count--;
  sockets[index] = sockets[count];
  connections[index] = connections[count];
}

static void *run(void *unused) {
  (void)unused;
  for (;;) {
    poll(sockets, count, -1);
    for (nfds_t i = count - 1; i > 0; i--) {
      if (sockets[i].revents == 0)
        continue;
      connection *from = &connections[i];
      ssize_t got = recv(sockets[i].fd, from->bytes + from->length, REQUEST_SIZE - from->length, 0);
      if (got <= 0) {
        drop(i);
        continue;
      }
      from->length += (size_t)got;
      serve(from, sockets[i].fd);
    }
    if (sockets[0].revents != 0 && count < MOST_CONNECTIONS) {
      connections[count].length = 0;
      sockets[count] = (struct pollfd){.fd = accept(sockets[0].fd, NULL, NULL), .events = POLLIN};
      count++;
    }
  }
  return NULL;
}

int server_start(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  check(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 64) == 0 &&
            getsockname(listener, (struct sockaddr *)&address, &size) == 0,
        "the server");
  sockets[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  count = 1;
  pthread_t thread;
  check(pthread_create(&thread, NULL, run, NULL) == 0, "a thread");
  pthread_detach(thread);
  return ntohs(address.sin_port);
}

void server_answer(const char *text) {
  atomic_store(&answer, text);
}

int server_take_requests(void) {
  return atomic_exchange(&requests, 0);
}
