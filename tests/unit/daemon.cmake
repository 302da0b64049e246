# The parts of the daemon.
foreach(name clock seal state_image durable address log options token notify changes on_change lease_page)
    goosed_unit_test(${name} goosed_parts)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE)
endforeach()
target_link_libraries(test_lease_page PRIVATE pthread)

# The manual: what man says of it, and that it names the same options as --help and the README do.
file(GLOB manual_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/man/*.[178])
add_test(NAME unit/man COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/man.sh ${manual_pages})
set_property(TEST unit/man PROPERTY SKIP_RETURN_CODE 77)
add_test(NAME unit/options_told COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/options_told.sh
    $<TARGET_FILE:goosed> $<TARGET_FILE:goosectl>)
