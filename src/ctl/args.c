#include "args.h"

#include <stdlib.h>

#define HTML  "/etc/shian/html:/usr/share/shian/html"

/* Options of every command. */
static const shian_option_t  common[] = {
    { "store", "DIR", "the store's folder (SHIAN_STORE, /var/lib/shian)" },
    { "keys", "FILE", "the key file (SHIAN_KEYS, /etc/shian/keys)" },
    { "html", "DIR[:DIR]", "pages, as shian_html of nginx.conf (SHIAN_HTML, "
                           HTML ")" },
    { "base-url", "URL", "shian_base_url of nginx.conf (SHIAN_BASE_URL)" },
    { "json", NULL, "for machines" },
    { "help", NULL, "this text" },
    { NULL, NULL, NULL }
};


static const shian_option_t *
find_option(const shian_option_t *options, const char *name, size_t n)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (strlen(options->name) == n
            && memcmp(options->name, name, n) == 0)
        {
            return options;
        }
    }

    return NULL;
}


/* The longest command whose words begin the operands. */
static bool
find_command(shian_ctl_t *c)
{
    size_t       i, n, words, best;
    const char  *name, *word;

    best = 0;

    for (i = 0; i < shian_ncommands; i++) {
        name = shian_commands[i].name;

        for (words = 0; *name != '\0' && words < c->nargs; words++) {
            word = c->args[words];
            n = strlen(word);

            if (strncmp(name, word, n) != 0
                || (name[n] != ' ' && name[n] != '\0'))
            {
                break;
            }

            name += n + (name[n] == ' ');
        }

        if (*name == '\0' && words > best) {
            best = words;
            c->command = &shian_commands[i];
        }
    }

    c->nargs -= best;
    memmove(c->args, c->args + best, c->nargs * sizeof(*c->args));

    return best != 0;
}


/*
 * Whether an option of this name takes a value, before the command is known:
 * names mean the same everywhere, which a unit of the tests holds.
 */
static const shian_option_t *
any_option(const char *name, size_t n)
{
    size_t                 i;
    const shian_option_t  *o;

    o = find_option(common, name, n);

    for (i = 0; o == NULL && i < shian_ncommands; i++) {
        o = find_option(shian_commands[i].options, name, n);
    }

    return o;
}


static int
split(shian_ctl_t *c, int argc, char **argv)
{
    int                    i;
    bool                   rest;
    size_t                 n;
    const char            *arg, *value;
    const shian_option_t  *o;

    rest = false;
    c->args = shian_array(&c->arena, (size_t) argc, sizeof(*c->args));
    c->given = shian_array(&c->arena, (size_t) argc, sizeof(*c->given));

    if (c->args == NULL || c->given == NULL) {
        return shian_ctl_fail(c, "memory has run out");
    }

    for (i = 1; i < argc; i++) {
        arg = argv[i];

        if (rest || arg[0] != '-' || arg[1] == '\0') {
            c->args[c->nargs++] = arg;
            continue;
        }

        if (strcmp(arg, "--") == 0) {
            rest = true;
            continue;
        }

        if (strcmp(arg, "-h") == 0) {
            arg = "--help";

        } else if (strcmp(arg, "-o") == 0) {
            arg = "--output";
        }

        arg += arg[1] == '-' ? 2 : 1;
        n = strcspn(arg, "=");
        o = any_option(arg, n);

        if (o == NULL) {
            return shian_ctl_usage(c, "unknown option \"%s\"", argv[i]);
        }

        value = arg[n] == '=' ? arg + n + 1 : NULL;

        if (o->value == NULL && value != NULL) {
            return shian_ctl_usage(c, "--%s takes no value", o->name);
        }

        if (o->value != NULL && value == NULL) {
            if (i + 1 == argc) {
                return shian_ctl_usage(c, "--%s needs %s", o->name,
                                       o->value);
            }
            value = argv[++i];
        }

        c->given[c->ngiven++] = (shian_given_t) { o, value };
    }

    return SHIAN_DONE;
}


static const char *
setting(const shian_ctl_t *c, const char *option, const char *variable,
    const char *otherwise)
{
    const char  *v;

    v = shian_arg(c, option);

    if (v == NULL) {
        v = getenv(variable);
    }

    return v == NULL || v[0] == '\0' ? otherwise : v;
}


int
shian_args_parse(shian_ctl_t *c, int argc, char **argv)
{
    int          rc;
    size_t       i;
    const char  *name;

    rc = split(c, argc, argv);
    if (rc != SHIAN_DONE) {
        return rc;
    }

    c->help = shian_flag(c, "help");
    c->json = shian_flag(c, "json");
    c->store_dir = setting(c, "store", "SHIAN_STORE", "/var/lib/shian");
    c->keys_path = setting(c, "keys", "SHIAN_KEYS", "/etc/shian/keys");
    c->html = setting(c, "html", "SHIAN_HTML", HTML);
    c->base_url = setting(c, "base-url", "SHIAN_BASE_URL", NULL);

    if (!find_command(c)) {
        if (c->help) {
            return SHIAN_DONE;
        }

        return c->nargs == 0 ? shian_ctl_usage(c, "no command")
               : shian_ctl_usage(c, "unknown command \"%s\"", c->args[0]);
    }

    if (c->help) {
        return SHIAN_DONE;
    }

    for (i = 0; i < c->ngiven; i++) {
        name = c->given[i].option->name;

        if (find_option(common, name, strlen(name)) == NULL
            && find_option(c->command->options, name, strlen(name)) == NULL)
        {
            return shian_ctl_usage(c, "%s has no option --%s",
                                   c->command->name, name);
        }
    }

    if (c->nargs < c->command->min) {
        return shian_ctl_usage(c, "%s needs %s", c->command->name,
                               c->command->operands);
    }

    if (c->nargs > c->command->max) {
        return shian_ctl_usage(c, "%s does not take \"%s\"",
                               c->command->name,
                               c->args[c->command->max]);
    }

    return SHIAN_DONE;
}


static void
help_options(const shian_option_t *o, FILE *f)
{
    int  n;

    for (; o != NULL && o->name != NULL; o++) {
        n = fprintf(f, "  --%s%s%s", o->name, o->value == NULL ? "" : " ",
                    o->value == NULL ? "" : o->value);
        fprintf(f, "%*s%s\n", n < 24 ? 26 - n : 2, "", o->help);
    }
}


void
shian_args_help(const shian_ctl_t *c, FILE *f)
{
    int                     n;
    size_t                  i;
    const shian_command_t  *command = c->command;

    if (command != NULL) {
        fprintf(f, "shianctl %s%s%s%s\n\n%s.\n\n", command->name,
                command->operands[0] == '\0' ? "" : " ", command->operands,
                command->options == NULL ? "" : " [options]",
                command->help);
        help_options(command->options, f);
        help_options(common, f);
        return;
    }

    fputs("shianctl [options] COMMAND\n\n", f);

    for (i = 0; i < shian_ncommands; i++) {
        command = &shian_commands[i];
        n = fprintf(f, "  %s%s%s", command->name,
                    command->operands[0] == '\0' ? "" : " ",
                    command->operands);
        fprintf(f, "%*s%s\n", n < 32 ? 34 - n : 2, "", command->help);
    }

    fputc('\n', f);
    help_options(common, f);
    fputs("\nExit status: 0 done, 1 refused or failed, 2 wrong usage.\n", f);
}


const char *
shian_arg_next(const shian_ctl_t *c, const char *name, size_t *i)
{
    while (*i < c->ngiven) {
        if (strcmp(c->given[(*i)++].option->name, name) == 0) {
            return c->given[*i - 1].value;
        }
    }

    return NULL;
}


const char *
shian_arg(const shian_ctl_t *c, const char *name)
{
    size_t       i;
    const char  *v, *last;

    last = NULL;

    for (i = 0; (v = shian_arg_next(c, name, &i)) != NULL; ) {
        last = v;
    }

    return last;
}


bool
shian_flag(const shian_ctl_t *c, const char *name)
{
    size_t  i;

    for (i = 0; i < c->ngiven; i++) {
        if (strcmp(c->given[i].option->name, name) == 0) {
            return true;
        }
    }

    return false;
}


bool
shian_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t  v;

    if (text == NULL || *text == '\0') {
        return false;
    }

    for (v = 0; *text != '\0'; text++) {
        if (*text < '0' || *text > '9'
            || v > (UINT64_MAX - 9) / 10)
        {
            return false;
        }
        v = v * 10 + (uint64_t) (*text - '0');
    }

    *out = v;
    return v >= min && v <= max;
}
