/*
 * extension.h
 *		The version of the extension in this database.
 */
#ifndef SAGE_EXTENSION_H
#define SAGE_EXTENSION_H

extern void extension_check_version(void);

#endif							/* SAGE_EXTENSION_H */
