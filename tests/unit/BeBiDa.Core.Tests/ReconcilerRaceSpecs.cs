namespace BeBiDa.Tests;

/// <summary>What happens while it looks: before the n-th reading of the holds, at the n-th question to Slurm, during a write.</summary>
public class ReconcilerRaceSpecs : ReconcilerTest
{
    [Test]
    public async Task A_job_that_begins_after_the_holds_were_read_and_before_Slurm_is_asked_is_its_prologs()
    {
        Slurm.Before = async question =>
        {
            if (question != 1)
                return;
            Slurm.Runs(7, "n1");
            await HoldAsync("n1", 7);
        };
        Assert.That(Told(await RepairAsync()), Is.Empty);
        Assert.That((Ledger.State, Cluster.Count("hold")), Is.EqualTo(("n1:c.7", 1)));
    }

    [Test]
    public async Task A_job_that_begins_after_Slurm_was_asked_keeps_the_hold_that_it_has_by_then()
    {
        await HoldAsync("n2", 6);
        Ledger.Before = async reading =>
        {
            if (reading != 2)
                return;
            Slurm.Runs(7, "n1");
            await HoldAsync("n1", 7);
        };
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Release n2 6" }));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7"));
    }

    [Test]
    public async Task A_job_that_ends_while_it_seems_to_lack_its_hold_does_not_get_one([Values] bool whileTheHoldsAreRead)
    {
        Slurm.Runs(7, "n1");
        Cluster.Add(Pod("a", "n1"));
        if (whileTheHoldsAreRead)
            Ledger.Before = EndsAsync;
        else
            Slurm.Before = EndsAsync;
        Assert.That(Told(await RepairAsync()), Is.Empty);
        Assert.That(Cluster.Asked, Is.Empty);

        Task EndsAsync(int time)
        {
            if (time == 2)
                Slurm.Ends(7);
            return Task.CompletedTask;
        }
    }

    [Test]
    public async Task A_job_that_ends_while_it_is_held_again_leaves_no_hold()
    {
        Slurm.Runs(7, "n1");
        Cluster.Before = what =>
        {
            // Its epilog's release was before the hold, and found nothing.
            if (what == "hold n1 c.7")
                Slurm.Ends(7);
            return Task.CompletedTask;
        };
        var result = await RepairAsync();
        Assert.That(Told(result), Is.EqualTo(new[] { "Hold n1 7", "Release n1 7" }));
        Assert.That((result.Succeeded, Ledger.State), Is.EqualTo((true, "")));
    }

    [Test]
    public async Task A_hold_that_a_requeued_job_writes_anew_is_not_taken_for_its_old_one()
    {
        await HoldAsync("n1", 7);
        Ledger.Before = async reading =>
        {
            if (reading == 2)
                await HoldAsync("n1", 7);
        };
        Slurm.Before = question =>
        {
            // Slurm answers the second question just before it starts the job.
            if (question == 3)
                Slurm.Runs(7, "n1");
            return Task.CompletedTask;
        };
        Assert.That(Told(await RepairAsync()), Is.Empty);
        Assert.That(Cluster.Count("release"), Is.Zero);
    }

    [Test]
    public async Task A_requeued_job_that_starts_again_while_its_old_hold_is_released_holds_its_node()
    {
        await HoldAsync("n1", 7);
        Cluster.Before = what =>
        {
            if (what == "release n1 c.7")
                Slurm.Runs(7, "n1");
            return Task.CompletedTask;
        };
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Release n1 7", "Hold n1 7" }));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7"));
    }

    [Test]
    public async Task Two_at_once_do_what_one_does()
    {
        Slurm.Runs(8, "n2", "n3");
        await HoldAsync("n1", 7);
        await HoldAsync("n3", 8);
        await Task.WhenAll(RepairAsync(), RepairAsync());
        Assert.That(Ledger.State, Is.EqualTo("n2:c.8 n3:c.8"));
    }
}
