/* The load generator: replays prepared requests over keep-alive connections, as its own process.
 *
 *     load PORT REQUESTS CONNECTIONS SECONDS TOTAL
 *
 * REQUESTS is a file: for each request its length (4 bytes, little endian), then its bytes, whole and signed in advance.
 * They are sent in this order, begun anew after the last; at most TOTAL, and none after SECONDS.
 *
 * Rules:
 *  - Each connection has one request under way at a time, as a client has that waits for its answer.
 *  - Every answer is read whole and its status counted. A server that closes a connection after its answer gets
 *    a new one; a connection that ends without an answer is counted as lost.
 *  - It costs as little as it can, for it shares the machine with what it measures: two system calls a request.
 *
 * The result is one line of JSON on standard output; the processor time in it is that of the generator. Whatever else
 * goes wrong is said on standard error, with exit status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_WITHIN_MS = 30000, LARGEST_ANSWER = 1 << 20, STATUSES = 1000, READY_AT_ONCE = 64 };

struct request {
    uint32_t length;
    const char *bytes;
};

struct connection {
    int descriptor;
    double began; /* 0 while no request is under way */
    size_t held;  /* bytes of an answer that is not whole yet */
    char *answer;
};

static struct request *requests;
static size_t request_count;
static struct connection *connections;
static int port, poller;
static uint64_t total, sent, answered, lost, under_way, statuses[STATUSES];
static double deadline, *latencies;
static size_t latency_room;

static void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(1);
}

static void *room(void *old, size_t bytes) {
    void *made = realloc(old, bytes);
    if (made == NULL) fail("out of memory");
    return made;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double processor_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void read_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t prefix[4];
    if (file == NULL) fail("%s: %s", path, strerror(errno));
    while (fread(prefix, 1, sizeof prefix, file) == sizeof prefix) {
        uint32_t length = prefix[0] | (uint32_t)prefix[1] << 8 | (uint32_t)prefix[2] << 16 | (uint32_t)prefix[3] << 24;
        char *bytes = room(NULL, length);
        if (fread(bytes, 1, length, file) != length) fail("%s is cut", path);
        requests = room(requests, (request_count + 1) * sizeof *requests);
        requests[request_count++] = (struct request){length, bytes};
    }
    fclose(file);
    if (request_count == 0) fail("%s has no requests", path);
}

static void attach(struct connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->descriptor < 0 || connect(connection->descriptor, (void *)&address, sizeof address) != 0)
        fail("no connection to port %d: %s", port, strerror(errno));
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->descriptor, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

static void send_next(struct connection *connection, double time) {
    if (sent >= total || time >= deadline) return;
    struct request *request = &requests[sent++ % request_count];
    connection->began = time;
    under_way++;
    for (size_t done = 0; done < request->length;) {
        ssize_t count = send(connection->descriptor, request->bytes + done, request->length - done, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return; /* reading will find the end of the connection */
        done += (size_t)count;
    }
}

/* Replaces a connection that the server ended, or is about to end. */
static void renew(struct connection *connection, double time) {
    if (connection->began != 0) {
        connection->began = 0;
        under_way--;
        lost++;
    }
    connection->held = 0;
    close(connection->descriptor); /* which takes it out of the poller as well */
    connection->descriptor = -1;
    if (sent < total && time < deadline) {
        attach(connection);
        send_next(connection, time);
    }
}

static void note(double latency, int status) {
    if (answered == latency_room) {
        latency_room = latency_room ? 2 * latency_room : 65536;
        latencies = room(latencies, latency_room * sizeof *latencies);
    }
    latencies[answered++] = latency;
    statuses[status]++;
}

/* Gives the value of a header in a head that ends with NUL, or NULL. */
static const char *find_header(const char *head, const char *name) {
    const char *found = strcasestr(head, name);
    return found == NULL ? NULL : found + strlen(name);
}

static void receive(struct connection *connection) {
    char *answer = connection->answer;
    ssize_t count;
    do {
        count = recv(connection->descriptor, answer + connection->held, LARGEST_ANSWER - connection->held, 0);
    } while (count < 0 && errno == EINTR);
    double time = now();
    if (count <= 0) {
        renew(connection, time);
        return;
    }
    connection->held += (size_t)count;
    char *end = memmem(answer, connection->held, "\r\n\r\n", 4);
    if (end == NULL) {
        if (connection->held == LARGEST_ANSWER) fail("an answer has no end of its head");
        return;
    }
    char kept = *end;
    *end = '\0';
    const char *length = find_header(answer, "\r\ncontent-length:");
    int closes = strncasecmp(answer, "HTTP/1.0", 8) == 0 || find_header(answer, "\r\nconnection: close") != NULL;
    long status = strlen(answer) < 12 ? 0 : strtol(answer + 9, NULL, 10);
    if (length == NULL || status < 100 || status >= STATUSES) fail("an answer cannot be understood: %.60s", answer);
    size_t whole = (size_t)(end - answer) + 4 + strtoul(length, NULL, 10);
    *end = kept;
    if (whole > LARGEST_ANSWER) fail("an answer is too long");
    if (connection->held < whole) return;
    if (connection->held > whole || connection->began == 0) fail("more was answered than was asked");
    note(time - connection->began, (int)status);
    connection->began = 0;
    connection->held = 0;
    under_way--;
    if (closes)
        renew(connection, time);
    else
        send_next(connection, time);
}

static int compare(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static void report(double elapsed, double spent) {
    if (answered == 0) fail("no request was answered");
    qsort(latencies, answered, sizeof *latencies, compare);
    printf("{\"requests\": %llu, \"seconds\": %.6f, \"per_second\": %.3f, ", (unsigned long long)answered, elapsed,
           (double)answered / elapsed);
    printf("\"p50_ms\": %.6f, \"p99_ms\": %.6f, \"longest_ms\": %.6f, ", latencies[answered / 2] * 1e3,
           latencies[(size_t)((double)answered * 0.99)] * 1e3, latencies[answered - 1] * 1e3);
    printf("\"load_us\": %.6f, \"seconds_of_load\": %.6f, ", spent / (double)answered * 1e6, processor_seconds());
    printf("\"lost\": %llu, \"statuses\": {", (unsigned long long)lost);
    const char *comma = "";
    for (int status = 0; status < STATUSES; status++)
        if (statuses[status] != 0) {
            printf("%s\"%d\": %llu", comma, status, (unsigned long long)statuses[status]);
            comma = ", ";
        }
    printf("}}\n");
}

int main(int count, char **arguments) {
    if (count != 6) fail("usage: load PORT REQUESTS CONNECTIONS SECONDS TOTAL");
    port = atoi(arguments[1]);
    read_requests(arguments[2]);
    size_t wanted = strtoul(arguments[3], NULL, 10);
    total = strtoull(arguments[5], NULL, 10);
    if (wanted > total) wanted = total;
    poller = epoll_create1(0);
    if (poller < 0) fail("epoll_create1: %s", strerror(errno));
    connections = room(NULL, (wanted + 1) * sizeof *connections);
    for (size_t number = 0; number < wanted; number++) {
        connections[number] = (struct connection){.answer = room(NULL, LARGEST_ANSWER + 1)};
        attach(&connections[number]);
    }
    double spent = processor_seconds(), started = now();
    deadline = started + strtod(arguments[4], NULL);
    for (size_t number = 0; number < wanted; number++) send_next(&connections[number], now());
    while (under_way > 0) {
        struct epoll_event ready[READY_AT_ONCE];
        int found = epoll_wait(poller, ready, READY_AT_ONCE, ANSWER_WITHIN_MS);
        if (found < 0 && errno == EINTR) continue;
        if (found < 0) fail("epoll_wait: %s", strerror(errno));
        if (found == 0)
            fail("%llu requests had no answer within %d ms", (unsigned long long)under_way, ANSWER_WITHIN_MS);
        for (int number = 0; number < found; number++) receive(ready[number].data.ptr);
    }
    report(now() - started, processor_seconds() - spent);
    return 0;
}
