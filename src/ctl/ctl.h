/* ctl.h: what all commands of goosectl share: whom to ask and how, the shape of a command, and how it ends. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>

#include "ctl/arguments.h"
#include "ctl/place.h"

#define CTL_TOKEN_BYTES 1024

/* How goosectl ends; `run` ends as its command does. */
enum ctl_exit {
    CTL_YES = 0,     /* done, or so it is */
    CTL_NO = 1,      /* not so, refused, or time is up */
    CTL_UNKNOWN = 2, /* wrong usage, or nobody can tell */
};

struct ctl {
    const char *name;            /* of the command */
    struct arguments arguments;  /* behind the command's name */
    struct place at;             /* the node; empty: none was named */
    char token[CTL_TOKEN_BYTES]; /* "": none */
    const char *lease_page;      /* a path; NULL: none was named */
    bool by_page;                /* what the page says will do */
    bool json;                   /* for programs */
    bool colour;                 /* standard output is a terminal that has colours */
};

struct command {
    const char *name;
    const char *arguments; /* as --help shows them; "": none */
    const char *line;      /* what it does, in one line */
    const char *more;      /* what `goosectl COMMAND --help` adds: whole lines */
    bool offline;          /* needs no --at */
    bool page_will_do;     /* nor where the lease page is named */
    bool needs_page;
    bool changes; /* needs the token, where there is one */
    int (*carry_out)(struct ctl *ctl);
};

/* "goosectl: ..." as one line on standard error, without control characters. Returns `status`. */
__attribute__((format(printf, 2, 3))) int ctl_fail(int status, const char *format, ...);

/* Why a lease page could not be opened. */
const char *ctl_page_problem(int error, const char *if_no_page);

void ctl_printable(char *text); /* without control characters: it may come from anywhere */

/* A command's own options, out of its arguments. False: they are wrong, and that was said. */
bool ctl_options(struct ctl *ctl, const struct option_known *known, size_t count);
/* False: an argument is left over, and that was said. */
bool ctl_no_more(const struct ctl *ctl);

#endif
