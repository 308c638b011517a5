/* manual.h - what is made from the option tables for other programs: man pages, bash completion. */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

struct command;

/*
 * The parts of a man page that the tables know, in man(7): title, NAME, SYNOPSIS, DESCRIPTION; the line `.\" MORE`, in whose place cmake/manual.cmake
 * puts what man/ has by hand; OPTIONS or COMMANDS. command NULL: the page of scree itself. commands: all of them, NULL at the end.
 */
void manual_page(const struct command *command, const struct command *const *commands);

/* A script for bash that completes commands, options, and arguments that are one of a few words. */
void manual_completion(const struct command *const *commands);

#endif
