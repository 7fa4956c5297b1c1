/* The program that is installed: the distribution's Python, embedded, that runs one package and sees no other.
 *
 * Isolated, as https://docs.python.org/3/c-api/init_config.html describes it: PYTHON* variables, the user's site-packages,
 * the current folder and .pth files change nothing. It searches the standard library and, beside its own place,
 * ../lib/APP/app and ../lib/APP/app_packages. sys.executable is this program.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void stop_if(PyStatus status, PyConfig *config) {
    if (PyStatus_Exception(status)) {
        PyConfig_Clear(config);
        Py_ExitStatusException(status);
    }
}

/* Adds ROOT/FOLDER to what is searched for modules. */
static PyStatus search(PyConfig *config, const char *root, const char *folder) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    wchar_t *wide = Py_DecodeLocale(path, NULL);
    if (wide == NULL) {
        return PyStatus_NoMemory();
    }
    PyStatus status = PyWideStringList_Append(&config->module_search_paths, wide);
    PyMem_RawFree(wide);
    return status;
}

/* Where this program is, without links, and what belongs to it: PREFIX/bin/APP and PREFIX/lib/APP. 0 where neither can
 * be told. */
static int find_place(char program[PATH_MAX], char root[PATH_MAX]) {
    ssize_t length = readlink("/proc/self/exe", program, PATH_MAX - 1);
    if (length <= 0) {
        return 0;
    }
    program[length] = '\0';
    char prefix[PATH_MAX];
    memcpy(prefix, program, (size_t)length + 1);
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(prefix, '/');
        if (slash == NULL) {
            return 0;
        }
        *slash = '\0';
    }
    int written = snprintf(root, PATH_MAX, "%s/lib/%s", prefix, APP);
    return written > 0 && written < PATH_MAX;
}

int main(int argc, char *argv[]) {
    char program[PATH_MAX], root[PATH_MAX];
    if (!find_place(program, root)) {
        fprintf(stderr, "%s cannot tell where it is installed: /proc is not there.\n", APP);
        return 1;
    }

    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    before.configure_locale = 1;
    before.coerce_c_locale = 1; /* Qt wants a UTF-8 locale, and says so at every start without one */
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    stop_if(Py_PreInitialize(&before), &config);

    config.install_signal_handlers = 1; /* Ctrl+C */
    config.write_bytecode = 0;          /* what is installed is root's, and stays as it is */
    config.site_import = 0;             /* no .pth file is run */
    config.user_site_directory = 0;
    config.module_search_paths_set = 1;
    stop_if(PyConfig_SetBytesArgv(&config, argc, argv), &config);
    stop_if(PyConfig_SetBytesString(&config, &config.program_name, program), &config);
    stop_if(PyConfig_SetBytesString(&config, &config.executable, program), &config);
    stop_if(PyConfig_SetString(&config, &config.run_module, L"understudy"), &config);
    stop_if(PyWideStringList_Append(&config.module_search_paths, STDLIB), &config);
    stop_if(PyWideStringList_Append(&config.module_search_paths, STDLIB L"/lib-dynload"), &config);
    stop_if(search(&config, root, "app"), &config);
    stop_if(search(&config, root, "app_packages"), &config);
    stop_if(Py_InitializeFromConfig(&config), &config);
    PyConfig_Clear(&config);
    return Py_RunMain();
}
