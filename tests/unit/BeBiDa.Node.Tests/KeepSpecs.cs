using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Node.Tests;

/// <summary>What a node asks of slurmctld before it knows whether a job may keep it in Kubernetes.</summary>
public class KeepSpecs
{
    private static readonly Job Batch = new("c", 7, "", "bob", "batch", ["n1"]);
    private static readonly Job Asking = Batch with { AsksToKeep = true };

    private static readonly JobPolicy ByAccount = Policy(new MayKeepConfiguration { Users = [], Accounts = ["physics"] });
    private static readonly JobPolicy ByUser = Policy(new MayKeepConfiguration { Users = ["alice"] });

    [Test]
    public void A_job_whose_account_the_prolog_is_not_told_is_granted_by_the_one_that_slurmctld_knows()
    {
        var (job, asked) = Complete(Asking, ByAccount, new FoundJob(Presence.Present, "sim", "physics"));
        Assert.That(
            (asked, ByAccount.Judge(job).LeftAlone),
            Is.EqualTo((true, "it asks to leave its nodes in Kubernetes (--bebida=keep), and jobs.mayKeep allows it"))
        );
    }

    [TestCase(Presence.Present)]
    [TestCase(Presence.Unknown)]
    public void A_job_whose_account_cannot_be_learnt_is_granted_nothing_by_it(Presence presence)
    {
        var (job, asked) = Complete(Asking, ByAccount, new FoundJob(presence));
        Assert.That((asked, ByAccount.Judge(job).LeftAlone), Is.EqualTo((true, (string?)null)));
    }

    [Test]
    public void A_name_that_asks_is_granted_by_the_account_that_comes_with_it()
    {
        var (job, _) = Complete(Batch, ByAccount, new FoundJob(Presence.Present, "BEBIDA_NOOP", "physics"));
        Assert.That(ByAccount.Judge(job).LeftAlone, Does.Contain("BEBIDA_NOOP"));
    }

    [Test]
    public void Slurmctld_is_not_asked_where_its_answer_decides_nothing() =>
        Assert.Multiple(() =>
        {
            Assert.That(Complete(Asking with { Account = "physics" }, ByAccount).Asked, Is.False, "the prolog knows the account");
            Assert.That(Complete(Asking with { Account = "chemistry" }, ByAccount).Asked, Is.False, "and that it is another");
            Assert.That(Complete(Asking, ByUser).Asked, Is.False, "no account is named");
            Assert.That(Complete(Batch, ByUser).Asked, Is.False, "bob may not, whatever the job is called");
            Assert.That(Complete(Asking with { User = "alice" }, ByUser).Asked, Is.False, "alice may");
            Assert.That(Complete(Batch with { User = "alice" }, ByUser).Asked, Is.True, "alice may, if the name asks");
        });

    private static JobPolicy Policy(MayKeepConfiguration mayKeep) =>
        new(new JobsConfiguration { MayKeep = mayKeep }, new NodesConfiguration());

    private static (Job Job, bool Asked) Complete(Job job, JobPolicy policy, FoundJob? found = null)
    {
        var finder = new Finder(found ?? new FoundJob(Presence.Gone));
        return (Hooks.Complete(job, policy, finder), finder.Asked);
    }

    private sealed class Finder(FoundJob found) : IJobFinder
    {
        public bool Asked { get; private set; }

        public FoundJob Find(uint job)
        {
            Asked = true;
            return found;
        }
    }
}
