/* soft.c: a program that hardened.sh has to find something about. */
#include <stdio.h>

int main(void)
{
    return puts("soft") < 0;
}
