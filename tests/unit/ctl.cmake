# goosectl's parts; the node that the commands ask is made up.
add_library(ctl_fake STATIC test_ctl_fake.c)
target_compile_definitions(ctl_fake PUBLIC _GNU_SOURCE)
target_link_libraries(ctl_fake PUBLIC goosectl_parts ${CMOCKA_LIBRARY})

goosed_unit_test(ctl_parts ctl_fake)
goosed_unit_test(ctl_client ctl_fake)
goosed_unit_test(ctl_commands ctl_fake)
goosed_unit_test(ctl_explain ctl_fake)
goosed_unit_test(ctl_recover ctl_fake unit_folder)
goosed_unit_test(ctl_service ctl_fake unit_folder)
goosed_unit_test(ctl_job_lock ctl_fake unit_folder)
add_test(NAME unit/ctl_completion
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_ctl_completion.sh $<TARGET_FILE:goosectl>)
goosed_unit_test(ctl_deadline ctl_fake)
