#include <stdio.h>

#define MAX_SIZE 10
#define SQUARE(x) ((x) * (x))

/* A point. */
typedef struct point {
    int x, *y;
} point_t;

struct node {
    struct node *next;
};

enum color { RED, GREEN };
union bits { int i; float f; };
typedef int (*callback_t)(int);

extern int declared(int a);
static int counter = 0;
const char *names[] = {"a"};

/* Adds numbers. */
int add(int a, int b)
{
    int sum = a + b;
    return sum;
}

static inline char *name_of(struct node *node) { return NULL; }
