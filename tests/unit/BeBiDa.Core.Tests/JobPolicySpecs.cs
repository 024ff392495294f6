using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Tests;

/// <summary>Who may leave nodes in Kubernetes: what a job asks for, and what the configuration grants.</summary>
public class JobPolicySpecs
{
    private static readonly MayKeepConfiguration Some = new()
    {
        Users = ["alice", "ops-*"],
        Accounts = ["physics*"],
        Partitions = ["debug"],
    };

    [TestCase("alice", "chemistry", "batch", true)]
    [TestCase("ops-night", "chemistry", "batch", true)]
    [TestCase("Alice", "chemistry", "batch", false)]
    [TestCase("bob", "physics", "batch", true)]
    [TestCase("bob", "physics-lab", "batch", true)]
    [TestCase("bob", "chemistry", "batch", false)]
    [TestCase("bob", "chemistry", "debug", true)]
    [TestCase("", "chemistry", "batch", false)]
    [TestCase("", "", "debug", true)]
    [TestCase("bob", "", "", false)]
    public void A_user_an_account_or_a_partition_is_enough(string user, string account, string partition, bool granted)
    {
        var job = Job(user, partition) with { Account = account, AsksToKeep = true };
        Assert.That(Policy(Some).LeftAlone(job) is not null, Is.EqualTo(granted));
        Assert.That(Policy(Some).Refusal(job) is null, Is.EqualTo(granted));
    }

    [Test]
    public void By_default_only_root_is_granted()
    {
        Assert.That(Policy(new()).MayKeep("root", "", "batch"), Is.True);
        Assert.That(Policy(new()).MayKeep("alice", "physics", "batch"), Is.False);
    }

    [Test]
    public void A_job_whose_account_is_unknown_is_granted_nothing_by_it() =>
        Assert.That(Policy(new() { Users = [], Accounts = ["*"] }).MayKeep("alice", "", "batch"), Is.False);

    // Slurm writes accounts in lower case, whatever its users and admins do.
    [Test]
    public void Capitals_of_an_account_do_not_matter() =>
        Assert.That(Policy(new() { Users = [], Accounts = ["Physics"] }).MayKeep("alice", "physics", "batch"), Is.True);

    [TestCase("physics", "physics")]
    [TestCase("(null)", "", Description = "as slurmctld prints a job's without one")]
    public void The_account_is_the_one_that_Slurm_tells(string told, string account) =>
        Assert.That(
            BeBiDa
                .Jobs.Job.FromEnvironment(new Dictionary<string, string> { ["SLURM_JOB_ID"] = "7", ["SLURM_JOB_ACCOUNT"] = told }, [])
                .Account,
            Is.EqualTo(account)
        );

    [TestCase("BEBIDA_NOOP\n[2026-01-01T00:00:00.000] error: forged", "BEBIDA_NOOP?[2026-01-01T00:00:00.000] error: forged")]
    [TestCase("BEBIDA_NOOP\u001b[2K\u009b1A\u202eforged\u2028", "BEBIDA_NOOP?[2K?1A?forged?")]
    public void A_name_is_shown_without_what_could_forge_a_log(string name, string shown) =>
        Assert.That(Policy(Some).Refusal(Job("bob", "batch") with { Name = name }), Does.StartWith($"its name {shown} asks"));

    [Test]
    public void A_name_without_end_hides_nothing_that_is_said_of_it() =>
        Assert.That(
            Policy(Some).Refusal(Job("bob", "batch") with { Name = "BEBIDA_NOOP" + new string('x', 65536) }),
            Has.Length.LessThan(300).And.Contain("does not allow it (user bob")
        );

    [TestCase("BEBIDA_NOOP")]
    [TestCase("BEBIDA_NOOP_backup")]
    public void A_name_asks_for_no_more_than_the_option_does(string name)
    {
        Assert.That(Policy(Some).LeftAlone(Job("alice", "batch") with { Name = name }), Does.Contain(name));
        Assert.That(Policy(Some).LeftAlone(Job("bob", "batch") with { Name = name }), Is.Null);
        Assert.That(
            Policy(Some).Refusal(Job("bob", "batch") with { Name = name }),
            Is.EqualTo(
                $"its name {name} asks to leave Kubernetes alone (jobs.ignoreNames), but jobs.mayKeep does not allow it (user bob, account none, partition batch); its nodes leave Kubernetes"
            )
        );
    }

    [Test]
    public void Who_asks_for_nothing_is_neither_granted_nor_refused() =>
        Assert.That(
            (Policy(Some).LeftAlone(Job("alice", "debug")), Policy(Some).Refusal(Job("bob", "batch"))),
            Is.EqualTo(((string?)null, (string?)null))
        );

    [TestCase("keep", true)]
    [TestCase("take", false)]
    [TestCase("KEEP", false)]
    [TestCase("keep ", false)]
    [TestCase("", false)]
    public void Only_the_word_keep_asks(string mode, bool asks) =>
        Assert.That(
            BeBiDa
                .Jobs.Job.FromEnvironment(new Dictionary<string, string> { ["SLURM_JOB_ID"] = "7", ["SPANK_BEBIDA"] = mode }, [])
                .AsksToKeep,
            Is.EqualTo(asks)
        );

    [TestCase("alice", true)]
    [TestCase("bob", false)]
    public void Before_account_and_partition_are_known_a_user_can_be_refused_only_where_neither_would_do(string user, bool might)
    {
        Assert.That(Policy(Some with { Accounts = [], Partitions = [] }).MightKeep(user), Is.EqualTo(might));
        Assert.That(Policy(Some with { Accounts = [] }).MightKeep(user), Is.True);
        Assert.That(Policy(Some with { Partitions = [] }).MightKeep(user), Is.True);
        Assert.That(Policy(Some).MightKeep(user), Is.True);
    }

    private static Job Job(string user, string partition) => new("c", 7, "sim", user, partition, ["n1"]);

    private static JobPolicy Policy(MayKeepConfiguration mayKeep) =>
        new(new JobsConfiguration { MayKeep = mayKeep }, new NodesConfiguration());
}
