/* Preloaded into the program, notes in one file (POWER_NOTES) what it does to the files of one folder (POWER_FOLDER), and
   when it asks for them to be kept. The program runs on as ever; power.rs works out of the notes what a disk would hold if
   the power went at any moment.

   Whatever changes a file in another way than the functions below is missed; power.rs compares the folder with the notes
   and fails then. */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The same numbers as in power.rs. */
enum { WRITE, TRUNCATE, SYNC, NAMES, NAMES_SYNC };
struct head { uint64_t kind, file, at, length; };

/* One at a time, so that the notes have the order in which things happened. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static struct stat place;
static int notes = -1;
static ino_t known[4096];
static size_t count;

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("POWER_FOLDER"), *to = getenv("POWER_NOTES");
    if (!at || !to) return;
    if (!realpath(at, folder) || stat(folder, &place)) abort();
    notes = open(to, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (notes < 0) abort();
}

static void note(uint64_t kind, uint64_t file, uint64_t at, const void *bytes, size_t length) {
    struct head head = {kind, file, at, length};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)bytes, length}};
    if (writev(notes, parts, 2) != (ssize_t)(sizeof head + length)) abort();
}

/* What is in a folder now: which number has which name. */
static void note_names(uint64_t kind, const char *path) {
    static char list[1 << 16];
    size_t used = 0;
    struct stat about;
    DIR *dir = opendir(path);
    if (!dir || fstat(dirfd(dir), &about)) abort();
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && used + 300 < sizeof list)
            used += sprintf(list + used, "%ju %s\n", (uintmax_t)entry->d_ino, entry->d_name);
    closedir(dir);
    note(kind, about.st_ino, 0, list, used);
}

/* The length of the path's folder, if it is below the folder that is watched, else 0. */
static size_t within(const char *path) {
    size_t above = strlen(folder);
    if (notes < 0 || strncmp(path, folder, above) || path[above] != '/') return 0;
    return strrchr(path, '/') - path;
}

/* A file came or went, perhaps with its folder. */
static void note_change(const char *path) {
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%.*s", (int)within(path), path);
    note_names(NAMES, folder);
    if (strcmp(above, folder)) note_names(NAMES, above);
}

/* The number of a file below the folder, 0 for anything else. Only whoever has the turn may ask. */
static ino_t number(int fd, const struct stat *about) {
    char link[40], path[PATH_MAX];
    for (size_t i = 0; i < count; i++)
        if (known[i] == about->st_ino) return about->st_ino;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4) return 0;
    path[length] = 0;
    if (!within(path)) return 0;
    /* SQLite's index of its log is a mapping: made anew when everybody was gone, so not part of what must last. */
    if (!strcmp(path + length - 4, "-shm")) return 0;
    /* Held open, so that no other file gets its number once it is deleted. */
    if (count == sizeof known / sizeof *known || fcntl(fd, F_DUPFD_CLOEXEC, 0) < 0) abort();
    known[count++] = about->st_ino;
    note_change(path);
    return about->st_ino;
}

/* Takes the turn and answers the file's number, or neither. Pipes and sockets must not wait for a turn. */
static ino_t taken(int fd) {
    struct stat about;
    if (notes < 0 || fstat(fd, &about) || !S_ISREG(about.st_mode) || about.st_dev != place.st_dev) return 0;
    pthread_mutex_lock(&turn);
    ino_t file = number(fd, &about);
    if (!file) pthread_mutex_unlock(&turn);
    return file;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    ino_t file = taken(fd);
    ssize_t done = syscall(SYS_write, fd, bytes, length);
    if (file && done > 0) note(WRITE, file, lseek(fd, 0, SEEK_CUR) - done, bytes, done);
    if (file) pthread_mutex_unlock(&turn);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
    ino_t file = taken(fd);
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, length, at);
    if (file && done > 0) note(WRITE, file, at, bytes, done);
    if (file) pthread_mutex_unlock(&turn);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

int ftruncate64(int fd, off_t length) {
    ino_t file = taken(fd);
    int failed = syscall(SYS_ftruncate, fd, length);
    if (file && !failed) note(TRUNCATE, file, length, NULL, 0);
    if (file) pthread_mutex_unlock(&turn);
    return failed;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

/* The notes are the disk: nothing else need be kept. */
int fsync(int fd) {
    struct stat about;
    char link[40], path[PATH_MAX] = "";
    ino_t file = taken(fd);
    if (file) {
        note(SYNC, file, 0, NULL, 0);
        pthread_mutex_unlock(&turn);
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (fstat(fd, &about) || !S_ISDIR(about.st_mode) || readlink(link, path, sizeof path - 1) < 0) path[0] = 0;
    if (!within(path) && strcmp(path, folder)) return syscall(SYS_fsync, fd);
    pthread_mutex_lock(&turn);
    note_names(NAMES_SYNC, path);
    pthread_mutex_unlock(&turn);
    return 0;
}

int fdatasync(int fd) { return fsync(fd); }

static int named(const char *path, int failed) {
    if (failed || !within(path)) return failed;
    pthread_mutex_lock(&turn);
    note_change(path);
    pthread_mutex_unlock(&turn);
    return 0;
}

/* Only within one folder. */
int rename(const char *from, const char *to) { return named(to, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)); }

int linkat(int from, const char *old, int to, const char *new, int flags) {
    return named(new, syscall(SYS_linkat, from, old, to, new, flags));
}

int unlink(const char *path) { return named(path, syscall(SYS_unlinkat, AT_FDCWD, path, 0)); }
