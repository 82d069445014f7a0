/*
 * A model server without a model: the upstream of the gateway benchmark. One thread, epoll, HTTP/1.1 with keep-alive.
 *
 *   POST /v1/chat/completions   {"stream":true} anywhere in the body: EVENTS server-sent events, one send per event,
 *                               round robin over the open streams; else one JSON answer of 1,007 bytes
 *   GET  /stats                 {"started","finished","aborted","active"} counted over streams
 *   POST /pace/MS               pause between two events of a stream from now on; 0 = as fast as possible
 *   GET  /health, /v1/models, /metrics   what probes of a vLLM server read
 *
 * system_fingerprint holds 16 hexadecimal digits: CLOCK_MONOTONIC in nanoseconds at the send, so a client on the same
 * machine reads the delay of each chunk. Bytes that a socket does not take wait in the connection, and its stream makes
 * no new event meanwhile: a slow reader costs nobody else time and no memory.
 *
 * Start: PACE_MS=0 EVENTS=64 mock-upstream; prints its port on stdout and ends when stdin ends.
 */
#define _GNU_SOURCE
#include "mock-answers.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { MAX_REQUEST = 16384, BATCH = 256 };

struct connection {
  int fd;
  int streaming, queued, wants_usage, close_after;
  int next_event;
  uint64_t due;
  struct connection *prev, *next;
  size_t in_length, out_length, out_sent;
  char in[MAX_REQUEST + 1];
  char out[MAX_ANSWER];
};

static int epoll, listener, timer;
static int events_per_stream = 64;
static uint64_t pace_ns;
static unsigned long started, finished, aborted, active;
/* Streams that may send, the one that is due first at the head. All have the same pace, so appending keeps the order. */
static struct connection queue = {.prev = &queue, .next = &queue};

static void enqueue(struct connection *c, uint64_t due) {
  c->due = due;
  c->queued = 1;
  c->prev = queue.prev;
  c->next = &queue;
  queue.prev->next = c;
  queue.prev = c;
}

static void dequeue(struct connection *c) {
  if (!c->queued) return;
  c->queued = 0;
  c->prev->next = c->next;
  c->next->prev = c->prev;
}

static void watch(struct connection *c, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void drop(struct connection *c) {
  if (c->streaming) {
    aborted++;
    active--;
  }
  dequeue(c);
  close(c->fd);
  free(c);
}

/* Sends or keeps what the socket does not take. Returns 0 when the connection is gone (and freed). */
static int put(struct connection *c, const char *bytes, size_t length) {
  ssize_t sent = 0;
  if (c->out_length == c->out_sent) {
    c->out_length = c->out_sent = 0;
    sent = send(c->fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      drop(c);
      return 0;
    }
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return 1;
  }
  size_t rest = length - (size_t)sent;
  if (c->out_length + rest > MAX_ANSWER) {
    drop(c);
    return 0;
  }
  memcpy(c->out + c->out_length, bytes + sent, rest);
  c->out_length += rest;
  watch(c, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
  return 1;
}

static int put_answer(struct connection *c, const char *status, const char *type, const char *body) {
  char answer[MAX_ANSWER];
  return put(c, answer, write_answer(answer, status, type, body));
}

static int put_completion(struct connection *c) {
  char answer[MAX_ANSWER];
  return put(c, answer, write_completion(answer));
}

static int put_event(struct connection *c) {
  char chunk[MAX_ANSWER];
  size_t length = write_event(chunk, c->next_event, events_per_stream);
  c->next_event++;
  return put(c, chunk, length);
}

static int put_end(struct connection *c) {
  char chunks[MAX_ANSWER];
  c->streaming = 0;
  finished++;
  active--;
  return put(c, chunks, write_end(chunks, c->wants_usage, events_per_stream));
}

static int put_stats(struct connection *c) {
  char body[160];
  snprintf(body, sizeof body, "{\"started\":%lu,\"finished\":%lu,\"aborted\":%lu,\"active\":%lu}", started, finished, aborted, active);
  return put_answer(c, "200 OK", "application/json", body);
}

static int start_stream(struct connection *c) {
  char head[MAX_ANSWER];
  started++;
  active++;
  c->streaming = 1;
  c->next_event = 0;
  if (!put(c, head, write_stream_head(head))) return 0;
  if (c->out_length > c->out_sent) return 1;
  /* The first event leaves at once: it is due before everything that waits for its pace. */
  c->due = monotonic_ns();
  c->queued = 1;
  c->prev = &queue;
  c->next = queue.next;
  queue.next->prev = c;
  queue.next = c;
  return 1;
}

static int answer_completion(struct connection *c, const char *body) {
  int streams = strstr(body, "\"stream\":true") != NULL || strstr(body, "\"stream\": true") != NULL;
  c->wants_usage = strstr(body, "\"include_usage\":true") != NULL || strstr(body, "\"include_usage\": true") != NULL;
  return streams ? start_stream(c) : put_completion(c);
}

static int answer(struct connection *c, const char *body) {
  const char *request = c->in;
  c->close_after = strcasestr(request, "\r\nconnection: close") != NULL;
  if (strncmp(request, "POST /v1/chat/completions ", 26) == 0) return answer_completion(c, body);
  if (strncmp(request, "GET /stats ", 11) == 0) return put_stats(c);
  if (strncmp(request, "POST /pace/", 11) == 0) {
    pace_ns = strtoull(request + 11, NULL, 10) * 1000000u;
    return put_stats(c);
  }
  if (strncmp(request, "GET /health ", 12) == 0) return put_answer(c, "200 OK", "text/plain", "");
  if (strncmp(request, "GET /v1/models ", 15) == 0)
    return put_answer(c, "200 OK", "application/json", "{\"object\":\"list\",\"data\":[{\"id\":\"bench\",\"object\":\"model\",\"created\":1760000000,\"owned_by\":\"bench\"}]}");
  if (strncmp(request, "GET /metrics ", 13) == 0)
    return put_answer(c, "200 OK", "text/plain; version=0.0.4",
                      "vllm:num_requests_running{model_name=\"bench\"} 0\nvllm:num_requests_waiting{model_name=\"bench\"} 0\n"
                      "vllm:kv_cache_usage_perc{model_name=\"bench\"} 0\n");
  return put_answer(c, "404 Not Found", "application/json", "{\"error\":{\"message\":\"not served\"}}");
}

/* Length of the first whole request in the buffer, 0 when it is not complete; `body` is set to where its body begins. */
static size_t request_length(struct connection *c, size_t *body) {
  char *end = strstr(c->in, "\r\n\r\n");
  if (end == NULL) return 0;
  size_t head = (size_t)(end - c->in) + 4;
  *body = head;
  *end = '\0'; /* headers are looked for in the head only */
  char *length = strcasestr(c->in, "\r\ncontent-length:");
  int chunked = strcasestr(c->in, "\r\ntransfer-encoding: chunked") != NULL;
  size_t total = head + (length == NULL ? 0 : strtoull(length + 17, NULL, 10));
  *end = '\r';
  if (chunked) {
    char *last = strstr(c->in + head - 2, "\r\n0\r\n\r\n");
    return last == NULL ? 0 : (size_t)(last - c->in) + 7;
  }
  return c->in_length < total ? 0 : total;
}

/* Answers what has arrived in whole. Returns 0 when the connection is gone. */
static int answer_requests(struct connection *c) {
  size_t body = 0, length;
  while (!c->streaming && c->in_length > 0 && (length = request_length(c, &body)) > 0) {
    char kept = c->in[length];
    c->in[length] = '\0';
    if (!answer(c, c->in + body)) return 0;
    c->in[length] = kept;
    memmove(c->in, c->in + length, c->in_length - length + 1);
    c->in_length -= length;
    if (c->close_after && !c->streaming && c->out_length == c->out_sent) {
      drop(c);
      return 0;
    }
  }
  return 1;
}

static void receive(struct connection *c) {
  for (;;) {
    if (c->in_length == MAX_REQUEST) {
      drop(c);
      return;
    }
    ssize_t got = recv(c->fd, c->in + c->in_length, MAX_REQUEST - c->in_length, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      drop(c);
      return;
    }
    c->in_length += (size_t)got;
    c->in[c->in_length] = '\0';
    if (!answer_requests(c)) return;
  }
}

/* Sends what had to wait. Returns 0 when the connection is gone. */
static int flush_unsent(struct connection *c) {
  ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return 1;
  if (sent < 0) {
    drop(c);
    return 0;
  }
  c->out_sent += (size_t)sent;
  if (c->out_sent < c->out_length) return 1;
  c->out_length = c->out_sent = 0;
  watch(c, EPOLLIN | EPOLLRDHUP);
  if (c->streaming) {
    enqueue(c, monotonic_ns() + pace_ns);
    return 1;
  }
  if (c->close_after) {
    drop(c);
    return 0;
  }
  return answer_requests(c);
}

/* One event for each stream that is due. */
static void run_streams(void) {
  uint64_t now = monotonic_ns();
  struct connection *last = queue.prev;
  while (queue.next != &queue && queue.next->due <= now) {
    struct connection *c = queue.next;
    int was_last = c == last;
    dequeue(c);
    int alive = c->next_event < events_per_stream ? put_event(c) : put_end(c);
    if (alive && c->streaming && c->out_length == c->out_sent) enqueue(c, now + pace_ns);
    if (alive && !c->streaming && c->close_after && c->out_length == c->out_sent) drop(c);
    else if (alive && !c->streaming) answer_requests(c);
    if (was_last) break;
  }
  struct itimerspec at = {0};
  if (pace_ns > 0 && queue.next != &queue) {
    at.it_value.tv_sec = (time_t)(queue.next->due / 1000000000u);
    at.it_value.tv_nsec = (long)(queue.next->due % 1000000000u);
  }
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void accept_all(void) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = malloc(sizeof *c);
    if (c == NULL) {
      close(fd);
      return;
    }
    /* Not calloc: an idle connection's buffers stay untouched and so cost no memory. */
    memset(c, 0, offsetof(struct connection, in));
    c->fd = fd;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

static void must(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static void setting(const char *name, int *value) {
  const char *text = getenv(name);
  if (text != NULL) *value = atoi(text);
}

static int listen_on_loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  must(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 4096) == 0, "listen");
  must(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
  return ntohs(address.sin_port);
}

int main(void) {
  static int at_stdin, at_listener, at_timer; /* their addresses tell these three from connections */
  struct rlimit files;
  int pace_ms = 0;
  setting("PACE_MS", &pace_ms);
  setting("EVENTS", &events_per_stream);
  pace_ns = (uint64_t)pace_ms * 1000000u;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  epoll = epoll_create1(EPOLL_CLOEXEC);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  must(epoll >= 0 && timer >= 0, "epoll");
  int port = listen_on_loopback();
  struct epoll_event on_stdin = {.events = EPOLLIN, .data.ptr = &at_stdin}, on_listener = {.events = EPOLLIN, .data.ptr = &at_listener},
                     on_timer = {.events = EPOLLIN, .data.ptr = &at_timer};
  must(epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &on_stdin) == 0, "stdin must be a pipe");
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &on_listener);
  epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &on_timer);
  printf("%d\n", port);
  fflush(stdout);
  for (;;) {
    struct epoll_event ready[BATCH];
    int busy = pace_ns == 0 && queue.next != &queue;
    int count = epoll_wait(epoll, ready, BATCH, busy ? 0 : -1);
    for (int i = 0; i < count; i++) {
      void *who = ready[i].data.ptr;
      uint64_t expirations;
      if (who == &at_stdin) return 0;
      if (who == &at_listener) accept_all();
      else if (who == &at_timer) (void)!read(timer, &expirations, sizeof expirations);
      else if ((ready[i].events & EPOLLOUT) && !flush_unsent(who)) continue;
      else if (ready[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) receive(who);
    }
    run_streams();
  }
}
