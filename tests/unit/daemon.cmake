# The parts of the daemon.
foreach(name clock own_file seal resolver log_thread state_image saver address log options token metrics sd_notify changes on_change lease_page will_helper jobs local_socket)
    goosed_unit_test(${name} goosed_parts unit_folder)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE)
endforeach()
target_link_libraries(test_lease_page PRIVATE pthread)
target_link_libraries(test_seal PRIVATE PkgConfig::SODIUM) # its layout once more, by the library alone
# The wire is the test's: udp.c is left out.
goosed_unit_test(probe goosed_parts PkgConfig::SODIUM)
target_sources(test_probe PRIVATE ${PROJECT_SOURCE_DIR}/src/daemon/probe.c ${PROJECT_SOURCE_DIR}/src/daemon/refusals.c)
target_compile_definitions(test_probe PRIVATE _GNU_SOURCE)

goosed_unit_test(timer goosed_parts)
target_sources(test_timer PRIVATE ${PROJECT_SOURCE_DIR}/src/daemon/timer.c)
target_compile_definitions(test_timer PRIVATE _GNU_SOURCE)

# Clock, alarms, disk and wire are the test's.
goosed_unit_test(node unit_core goosed_parts goosed_http PkgConfig::SODIUM)
foreach(name node page_claim log_election probe refusals why)
    target_sources(test_node PRIVATE ${PROJECT_SOURCE_DIR}/src/daemon/${name}.c)
endforeach()
target_compile_definitions(test_node PRIVATE _GNU_SOURCE)

# The manual: what man says of it, and that it names the same options as --help does, and the same
# requests and metrics as the sources. And what the README names is there.
file(GLOB manual_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/man/*.[178])
add_test(NAME unit/man COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/man.sh ${manual_pages})
set_property(TEST unit/man PROPERTY SKIP_RETURN_CODE 77)
add_test(NAME unit/options_told COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/options_told.sh
    $<TARGET_FILE:goosed> $<TARGET_FILE:goosectl>)
add_test(NAME unit/http_told COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/http_told.sh)
add_test(NAME unit/readme COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/readme.sh $<TARGET_FILE:goosed> $<TARGET_FILE:goosectl>)
add_test(NAME unit/protocol_told COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/protocol_told.sh)
