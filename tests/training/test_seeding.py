import torch

from xlser.training import derive, seeded


def test_derived_seeds_are_the_same_everywhere() -> None:
    # SHA-256 of "0", "0/source", "2/target/batches": first eight bytes, shifted right by one.
    assert derive(0) == 0x5FECEB66FFC86F38 >> 1
    assert derive(0, "source") == 0x393444FAA415B66D >> 1
    assert derive(2, "target", "batches") == 0x59E513B50F086459 >> 1


def test_purposes_and_seeds_have_seeds_of_their_own() -> None:
    derived = [derive(s, *p) for s in range(3) for p in ((), ("a",), ("b",), ("a", "b"))]
    assert len(set(derived)) == len(derived)
    assert all(0 <= seed < 2**63 for seed in derived)


def test_seeded_draws_depend_on_seed_and_purpose_alone() -> None:
    def draw(seed: int, purpose: str) -> float:
        with seeded(seed, purpose):
            return torch.rand(()).item()

    torch.manual_seed(1)
    one = draw(0, "a")
    torch.manual_seed(2)
    assert draw(0, "a") == one
    assert draw(1, "a") != one
    assert draw(0, "b") != one


def test_seeded_leaves_the_global_generator_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with seeded(0, "a"):
        torch.rand(100)
    assert torch.equal(torch.rand(3), expected)


def test_seeded_restores_the_generator_after_an_error_too() -> None:
    before = torch.random.get_rng_state()
    try:
        with seeded(0, "a"):
            torch.rand(1)
            raise ValueError
    except ValueError:
        pass
    assert torch.equal(torch.random.get_rng_state(), before)
