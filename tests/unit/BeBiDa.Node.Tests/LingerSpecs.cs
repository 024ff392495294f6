using BeBiDa.Configuration;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Node.Tests;

/// <summary>nodes.linger: between two jobs, kubelet and the runtime stay down.</summary>
public class LingerSpecs : NodeTest
{
    private static readonly string[] s_started = ["start containerd.service", "start kubelet.service"];

    [SetUp]
    public void Linger()
    {
        Configuration = new BebidaConfiguration { Nodes = new NodesConfiguration { Linger = TimeSpan.FromSeconds(20) } };
        (Services[LingerWatch], Services[LingerWait]) = (FakeServices.Running, FakeServices.Dead);
    }

    [Test]
    public void From_job_to_job_nothing_is_started_or_stopped()
    {
        Prolog(1);
        Done.Clear();
        for (var job = 1u; job <= 10; job++)
        {
            Assert.That(Epilog(job), Is.Null);
            Time.Advance(TimeSpan.FromSeconds(19));
            Assert.That(Prolog(job + 1), Is.Null);
        }
        Assert.That(Done.Where(what => what.EndsWith(".service", StringComparison.Ordinal)), Is.Empty);
        Assert.That(State.ReadLinger(), Is.Null, "a job has the node");
    }

    [Test]
    public void They_start_when_no_job_has_come([Values(20, 300)] int seconds)
    {
        Configuration = new BebidaConfiguration { Nodes = new NodesConfiguration { Linger = TimeSpan.FromSeconds(seconds) } };
        AfterAJob();
        var began = Time.GetUtcNow();
        Assert.That(Recover(), Is.Null);
        Assert.That(Done, Is.EqualTo(s_started));
        Assert.That(Time.GetUtcNow() - began, Is.EqualTo(TimeSpan.FromSeconds(Math.Min(seconds, 30))), "30 s at most");
        Assert.That((State.NeedsRecovery, State.ReadLinger()), Is.EqualTo((false, (DateTimeOffset?)null)));
    }

    [Test]
    public void A_job_that_comes_has_the_node_and_nobody_waits_for_it_any_more()
    {
        AfterAJob();
        Wait = left =>
        {
            Prolog(8);
            Time.Advance(left);
        };
        Assert.That(Recover(), Is.Null);
        Assert.That(
            (Done.Where(s_started.Contains), State.ReadJobs()),
            Is.EqualTo((Array.Empty<string>(), new[] { 8u })).UsingPropertiesComparer()
        );
    }

    [Test]
    public void Each_job_begins_the_time_anew_and_the_next_process_waits_for_it()
    {
        AfterAJob();
        Wait = left =>
        {
            Time.Advance(left);
            Prolog(8);
            Epilog(8);
        };
        Assert.That(Recover(), Is.Null);
        Assert.That(
            (State.ReadLinger(), Done.Count(s_started.Contains)),
            Is.EqualTo(((DateTimeOffset?)Time.GetUtcNow().AddSeconds(20), 0))
        );
        Wait = left => Time.Advance(left);
        Recover();
        Assert.That(Done.Where(s_started.Contains), Is.EqualTo(s_started));
    }

    [Test]
    public void A_prolog_that_died_before_it_could_end_the_time_keeps_nobody_waiting()
    {
        AfterAJob();
        State.AddJob(8, "");
        Assert.That(Recover(), Is.Null);
        Assert.That(
            (State.ReadLinger(), Done.Where(s_started.Contains)),
            Is.EqualTo(((DateTimeOffset?)null, Array.Empty<string>())).UsingPropertiesComparer()
        );
    }

    [Test]
    public void What_recovery_has_begun_to_start_is_not_started_once_a_job_has_come_and_left()
    {
        AfterAJob();
        Services.WhileWaiting = start =>
        {
            Services.WhileWaiting = _ => { };
            Prolog(8);
            Epilog(8);
            Services.Instead[start.Path] = ("canceled", FakeServices.Dead);
        };
        Assert.That(Recover(), Is.Null);
        Assert.That((Done.Contains("start kubelet.service"), State.ReadLinger() > Time.GetUtcNow()), Is.EqualTo((false, true)));
    }

    [TestCase(LingerWatch, "inactive", "bebida-linger.path does not work")]
    [TestCase(LingerWait, "failed", "bebida-recover.service does not work")]
    public void Where_nobody_would_end_it_they_start_at_once(string unit, string active, string told)
    {
        Services[unit] = new UnitState("loaded", active, active);
        AfterAJob();
        Assert.That((Done, State.ReadLinger()), Is.EqualTo((s_started, (DateTimeOffset?)null)).UsingPropertiesComparer());
        Assert.That(Log.All, Has.Some.Contains(told));
    }

    [Test]
    public void Where_systemd_does_not_answer_for_a_moment_they_start_at_once()
    {
        Prolog(7);
        Done.Clear();
        var asked = 0;
        Services.OnRead = () =>
        {
            if (asked++ == 0)
                throw new ServiceManagerException("systemd does not answer");
        };
        Assert.That(Epilog(7), Is.Null);
        Assert.That((Done, State.ReadLinger()), Is.EqualTo((s_started, (DateTimeOffset?)null)).UsingPropertiesComparer());
    }

    [Test]
    public void A_job_that_was_never_here_neither_begins_nor_ends_the_time()
    {
        AfterAJob();
        var end = State.ReadLinger();
        Time.Advance(TimeSpan.FromSeconds(5));
        Epilog(9);
        Assert.That((State.ReadLinger(), Done), Is.EqualTo((end, Array.Empty<string>())).UsingPropertiesComparer());
    }

    [Test]
    public void A_node_from_which_nothing_was_stopped_is_not_kept()
    {
        (Services[Kubelet], Services[Containerd]) = (FakeServices.Dead, FakeServices.Dead);
        AfterAJob();
        Assert.That(State.ReadLinger(), Is.Null);
    }

    [Test]
    public void A_clock_that_was_set_back_keeps_no_node([Values(1, 60)] int minutes)
    {
        AfterAJob();
        Time = new FakeTimeProvider(Time.GetUtcNow().AddMinutes(-minutes));
        var began = Time.GetUtcNow();
        Recover();
        Assert.That((Done, Time.GetUtcNow()), Is.EqualTo((s_started, began)).UsingPropertiesComparer());
    }

    [Test]
    public void A_note_that_cannot_be_read_keeps_no_node()
    {
        AfterAJob();
        WriteFile("linger", "soon\n");
        Recover();
        Assert.That((Done, State.ReadLinger()), Is.EqualTo((s_started, (DateTimeOffset?)null)).UsingPropertiesComparer());
    }

    [Test]
    public void A_service_that_does_not_start_is_tried_again_later_not_at_once()
    {
        AfterAJob();
        Services.Instead["start kubelet.service"] = ("failed", new UnitState("loaded", "failed", "failed"));
        Assert.That(Recover(), Does.StartWith("kubelet.service did not start"));
        Assert.That(
            (State.ReadLinger(), State.ReadNextTry()?.Pause),
            Is.EqualTo(((DateTimeOffset?)null, (TimeSpan?)TimeSpan.FromMinutes(1)))
        );
    }

    [Test]
    public void What_is_frozen_stays_so()
    {
        Configuration = Configuration with { Node = Configuration.Node with { LeftoverPods = LeftoverPods.Freeze } };
        Pods.Processes = 1;
        AfterAJob();
        Assert.That(Done, Has.None.EqualTo("thaw pods"));
        Recover();
        Assert.That(Done, Has.One.EqualTo("thaw pods"));
    }

    private void AfterAJob()
    {
        Prolog(7);
        Done.Clear();
        Assert.That(Epilog(7), Is.Null);
    }
}
