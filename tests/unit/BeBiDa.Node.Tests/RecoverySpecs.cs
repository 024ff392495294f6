using BeBiDa.Node.Services;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Node.Tests;

public class RecoverySpecs : NodeTest
{
    private readonly List<uint> asked = [];

    [SetUp]
    public void WatchQuestions()
    {
        asked.Clear();
        OnFind = asked.Add;
    }

    [Test]
    public void A_node_whose_epilog_never_came_goes_back_by_itself()
    {
        Prolog(7);
        Over.Add(7);
        Done.Clear();
        Assert.That(Recover(), Is.Null);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service", "start kubelet.service" }));
        Assert.That(State.NeedsRecovery, Is.False);
    }

    [Test]
    public void Slurmctld_is_not_asked_while_a_step_of_the_job_runs_here([Values("7.batch", "7.extern", "7.0", "7.0 stepmgr")] string step)
    {
        Prolog(7);
        AddProcess(100, $"slurmstepd: [{step}]");
        Recover();
        Assert.That(asked, Is.Empty);
    }

    [Test]
    public void A_users_process_that_calls_itself_a_step_keeps_no_node()
    {
        Prolog(7);
        Over.Add(7);
        AddProcess(100, "slurmstepd: [7.0]", user: 1001);
        Recover();
        Assert.That(State.NeedsRecovery, Is.False);
    }

    [TestCase("slurmstepd: [77.batch]")]
    [TestCase("/usr/sbin/slurmd")]
    public void Other_processes_keep_no_node(string title)
    {
        Prolog(7);
        Over.Add(7);
        AddProcess(100, title);
        Recover();
        Assert.That(State.NeedsRecovery, Is.False);
    }

    [Test]
    public void A_job_without_steps_is_asked_for_less_and_less_often_but_every_ten_minutes()
    {
        Prolog(7);
        var minutes = new List<double>();
        var begin = Time.GetUtcNow();
        for (; Time.GetUtcNow() < begin.AddMinutes(50); Time.Advance(TimeSpan.FromSeconds(30)))
        {
            var before = asked.Count;
            Recover();
            if (asked.Count > before)
                minutes.Add((Time.GetUtcNow() - begin).TotalMinutes);
        }
        Assert.That(minutes, Is.EqualTo(new[] { 0.0, 1, 3, 7, 15, 25, 35, 45 }));
        Assert.That(Done, Has.None.StartsWith("start"));
    }

    [Test]
    public void The_end_of_its_last_step_is_reason_to_ask_at_once()
    {
        Prolog(7);
        Recover();
        AddProcess(100, "slurmstepd: [7.0]");
        Recover();
        EndProcess(100);
        Over.Add(7);
        Recover();
        Assert.That(State.NeedsRecovery, Is.False);
    }

    [Test]
    public void A_clock_that_was_set_back_delays_nothing()
    {
        Prolog(7);
        Recover();
        Time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        Recover();
        Assert.That(asked, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_service_that_the_last_epilog_could_not_start_is_tried_again_without_another_job()
    {
        Prolog(7);
        Services.Instead["start kubelet.service"] = ("failed", new UnitState("loaded", "failed", "failed"));
        Epilog(7);
        Assert.That(Recover(), Is.EqualTo("kubelet.service did not start: failed (failed, failed); see journalctl -u kubelet.service"));
        Services.Instead.Clear();
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(Recover(), Is.Null);
        Assert.That((Services[Kubelet], State.NeedsRecovery), Is.EqualTo((FakeServices.Running, false)));
    }

    [Test]
    public void A_job_that_comes_while_it_is_looked_up_keeps_the_node()
    {
        Prolog(7);
        Over.Add(7);
        OnFind = _ =>
        {
            OnFind = _ => { };
            Prolog(8);
        };
        Done.Clear();
        Recover();
        Assert.That((Done.Count, State.ReadJobs()), Is.EqualTo((0, new[] { 8u })).UsingPropertiesComparer());
    }

    [Test]
    public void A_node_on_which_nothing_is_noted_is_left_alone()
    {
        Assert.That(Recover(), Is.Null);
        Assert.That(Done, Is.Empty);
    }

    [Test]
    public void What_slurmd_was_started_with_is_kept_as_systemd_reads_it()
    {
        State.WriteEnvironment(new Dictionary<string, string> { ["SLURM_CONF"] = "/etc/a \"b\" $c\\d" });
        Assert.That(ReadFile("environment"), Is.EqualTo("SLURM_CONF=\"/etc/a \\\"b\\\" \\$c\\\\d\"\n"));
    }
}
