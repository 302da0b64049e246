/* test_observers.c: the goose's table of observers against a list that is searched from end to
 * end. */
#include "core.h"
#include "rig/random.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY CORE_TABLE_MAX
#define UIDS     16384 /* more than have room */
#define TURNS    120000

/* By uid. */
struct known {
    bool here;
    bool waits;
    uint64_t since_us;
    uint64_t due_us;
};

struct model {
    struct goose_observers *table;
    struct known known[UIDS];
    uint32_t count;
    uint64_t now_us;
    struct rng rng;
};

/* One in eight shares its bucket of the hash with another. */
static uint64_t uid_of(size_t i)
{
    return i % 8 == 0 ? (uint64_t)(i + 2) << 32 | 1 : (uint64_t)i + 1;
}

static struct goose_observers *table_new(uint32_t capacity)
{
    struct goose_observers *table = malloc(goose_observers_bytes(capacity));

    assert_non_null(table);
    memset(table, 0xa5,
           goose_observers_bytes(capacity)); /* what the caller gives may be anything */
    goose_observers_init(table, capacity);
    return table;
}

static void admit(struct model *model, size_t i)
{
    struct known *known = &model->known[i];
    struct goose_observer *observer = observers_admit(model->table, uid_of(i), model->now_us);
    bool room = model->count < CAPACITY;

    assert_true((observer != NULL) == (known->here || room));
    if (observer == NULL) return;
    assert_int_equal(observer->contact.uid, uid_of(i));
    if (known->here) return;
    *known = (struct known){.here = true, .since_us = model->now_us, .due_us = observer->due_us};
    assert_int_equal(known->due_us, model->now_us);
    model->count++;
}

static void change(struct model *model, size_t i, uint64_t what)
{
    struct known *known = &model->known[i];
    struct goose_observer *observer = observers_find(model->table, uid_of(i));

    assert_true((observer != NULL) == known->here);
    if (observer == NULL) return;
    assert_int_equal(observer->known_since_us, known->since_us);
    if (what == 0) {
        observers_drop(model->table, observer);
        *known = (struct known){.here = false};
        model->count--;
        assert_null(observers_find(model->table, uid_of(i)));
    } else if (what < 3) {
        known->due_us = rng_below(&model->rng, 2) == 0
                            ? model->now_us + rng_below(&model->rng, 1000)
                            : rng_below(&model->rng, 500);
        observers_set_due(model->table, observer, known->due_us);
    } else {
        known->waits = rng_below(&model->rng, 2) == 0;
        observers_set_waits(model->table, observer, known->waits);
    }
}

static void look_at_due(const struct model *model)
{
    const struct goose_observer *next = observers_next_due(model->table);
    uint64_t first_us = UINT64_MAX;

    for (size_t i = 0; i < UIDS; i++)
        if (model->known[i].here && model->known[i].due_us < first_us)
            first_us = model->known[i].due_us;
    assert_true((next == NULL) == (model->count == 0));
    if (next != NULL) assert_int_equal(next->due_us, first_us);
}

static void look_at_waiting(const struct model *model)
{
    uint64_t last_us = 0, count = 0, wanted = 0;

    for (const struct goose_observer *o = observers_first_waiting(model->table); o != NULL;
         o = observers_next_waiting(model->table, o)) {
        assert_true(o->waits && o->known_since_us > last_us);
        last_us = o->known_since_us;
        count++;
    }
    for (size_t i = 0; i < UIDS; i++)
        if (model->known[i].waits) wanted++;
    assert_int_equal(count, wanted);
}

static void look_at_all(const struct model *model)
{
    assert_int_equal(goose_observers_count(model->table), model->count);
    for (uint32_t i = 0; i < model->count; i++) {
        const struct goose_observer *o = goose_observers_at(model->table, i);
        assert_ptr_equal(observers_find(model->table, o->contact.uid), o);
        assert_ptr_equal(observers_get(model->table, i), o);
    }
}

/* Links are indices: the table may be carried elsewhere as it is. */
static void carry_elsewhere(struct model *model)
{
    struct goose_observers *copy = malloc(goose_observers_bytes(CAPACITY));

    assert_non_null(copy);
    memcpy(copy, model->table, goose_observers_bytes(CAPACITY));
    memset(model->table, 0, goose_observers_bytes(CAPACITY));
    free(model->table);
    model->table = copy;
}

static void table_agrees_with_a_list(void **state)
{
    struct model *model = calloc(1, sizeof *model);
    uint32_t most = 0;

    (void)state;
    assert_non_null(model);
    model->table = table_new(CAPACITY);
    for (int turn = 0; turn < TURNS; turn++) {
        size_t i = rng_below(&model->rng, UIDS);
        bool grows = turn < TURNS / 2;
        model->now_us++;
        if (rng_below(&model->rng, 10) < (grows ? 7U : 2U))
            admit(model, i);
        else
            change(model, i, rng_below(&model->rng, grows ? 10 : 4));
        if (model->count > most) most = model->count;
        if (turn % 1000 == 0) {
            look_at_due(model);
            look_at_waiting(model);
            look_at_all(model);
        }
        if (turn % 20000 == 19999) carry_elsewhere(model);
    }
    assert_int_equal(most, CAPACITY); /* it has been full */
    observers_clear(model->table);
    assert_int_equal(goose_observers_count(model->table), 0);
    assert_null(observers_next_due(model->table));
    assert_null(observers_first_waiting(model->table));
    assert_null(observers_find(model->table, uid_of(1)));
    free(model->table);
    free(model);
}

/* The heap hands all of them out in order, and nobody twice. */
static void all_come_due_in_order(void **state)
{
    struct goose_observers *table = table_new(CAPACITY);
    struct rng rng = {3};
    uint64_t last_us = 0;

    (void)state;
    for (size_t i = 0; i < CAPACITY; i++)
        observers_set_due(table, observers_admit(table, uid_of(i), 1), 1 + rng_below(&rng, 5000));
    for (uint32_t left = CAPACITY; left > 0; left--) {
        struct goose_observer *next = observers_next_due(table);
        assert_true(next->due_us >= last_us);
        last_us = next->due_us;
        observers_drop(table, next);
        assert_int_equal(goose_observers_count(table), left - 1);
    }
    assert_null(observers_next_due(table));
    free(table);
}

/* Who began to wait later, and was known before, stands nearer to the front. */
static void who_was_known_longer_waits_in_front(void **state)
{
    struct goose_observers *table = table_new(3);

    (void)state;
    for (uint64_t uid = 1; uid <= 3; uid++)
        assert_non_null(observers_admit(table, uid, uid));
    observers_set_waits(table, observers_find(table, 3), true);
    observers_set_waits(table, observers_find(table, 1), true);
    observers_set_waits(table, observers_find(table, 2), true);
    observers_set_waits(table, observers_find(table, 2), true); /* twice is once */
    const struct goose_observer *o = observers_first_waiting(table);
    for (uint64_t uid = 1; uid <= 3; uid++) {
        assert_non_null(o);
        assert_int_equal(o->contact.uid, uid);
        o = observers_next_waiting(table, o);
    }
    assert_null(o);
    observers_set_waits(table, observers_find(table, 1), false);
    observers_set_waits(table, observers_find(table, 1), false);
    assert_int_equal(observers_first_waiting(table)->contact.uid, 2);
    free(table);
}

static void a_full_table_admits_nobody_new(void **state)
{
    struct goose_observers *table = table_new(1);

    (void)state;
    struct goose_observer *only = observers_admit(table, 7, 1);
    assert_ptr_equal(observers_admit(table, 7, 2), only);
    assert_int_equal(only->known_since_us, 1);
    assert_null(observers_admit(table, 8, 2));
    observers_drop(table, only);
    assert_non_null(observers_admit(table, 8, 2));
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_agrees_with_a_list),
        cmocka_unit_test(all_come_due_in_order),
        cmocka_unit_test(who_was_known_longer_waits_in_front),
        cmocka_unit_test(a_full_table_admits_nobody_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
