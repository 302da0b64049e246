# harden.cmake: flags that every object gets, for each that this compiler knows.
include(CheckCCompilerFlag)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# -Werror: clang says of some of them only that it does not use them.
foreach(flag -fstack-clash-protection -fcf-protection=full)
    string(MAKE_C_IDENTIFIER "HAS${flag}" has)
    set(CMAKE_REQUIRED_FLAGS -Werror)
    check_c_compiler_flag(${flag} ${has})
    unset(CMAKE_REQUIRED_FLAGS)
    if(${has})
        add_compile_options(${flag})
    endif()
endforeach()
# Without optimizing there is no fortifying. 3 counts what is allocated, too; a compiler that is older takes 2.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    include(CheckCSourceCompiles)
    set(CMAKE_REQUIRED_FLAGS "-Werror -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
    check_c_source_compiles("#include <string.h>
        #if __USE_FORTIFY_LEVEL < 3
        #error no such level
        #endif
        int main(void) { return 0; }" HAS_FORTIFY_3)
    unset(CMAKE_REQUIRED_FLAGS)
    if(HAS_FORTIFY_3)
        set(level 3)
    else()
        set(level 2)
    endif()
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${level})
endif()
add_link_options(LINKER:-z,relro,-z,now LINKER:-z,noexecstack)
# CMake leaves -pie to the linker unless it has looked for it.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
