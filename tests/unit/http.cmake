# src/http: a real server on a flock that is made up, and clients that speak bytes to it.
add_library(http_fake STATIC test_http_fake.c)
target_compile_definitions(http_fake PUBLIC _GNU_SOURCE)
target_link_libraries(http_fake PUBLIC goosed_http ${CMOCKA_LIBRARY})

goosed_unit_test(http http_fake)
goosed_unit_test(http_access goosed_http)
target_compile_definitions(test_http_access PRIVATE _GNU_SOURCE)
goosed_unit_test(http_limits http_fake)
goosed_unit_test(http_turns http_fake)
goosed_unit_test(http_kept http_fake)
goosed_unit_test(text http_fake)
goosed_unit_test(http_job http_fake)
goosed_unit_test(dashboard http_fake PkgConfig::SODIUM)
goosed_unit_test(http_watch http_fake)

# For tests/bench/http_bench.sh: the server alone.
add_executable(http_stand_in test_http_stand_in.c)
target_link_libraries(http_stand_in PRIVATE http_fake)
