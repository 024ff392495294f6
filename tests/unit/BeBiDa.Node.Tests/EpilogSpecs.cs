using BeBiDa.Node.Services;

namespace BeBiDa.Node.Tests;

public class EpilogSpecs : NodeTest
{
    [Test]
    public void Services_start_in_the_reverse_order()
    {
        Prolog(7);
        Done.Clear();
        Assert.That(Epilog(7), Is.Null);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service", "start kubelet.service" }));
    }

    [Test]
    public void What_systemd_stopped_with_a_service_starts_after_it()
    {
        Services.Dependents[Containerd] = ["docker.service", "off.service", "x.scope"];
        (Services["docker.service"], Services["off.service"], Services["x.scope"]) = (
            FakeServices.Running,
            FakeServices.Dead,
            FakeServices.Running
        );
        Prolog(7);
        Done.Clear();
        Assert.That(Epilog(7), Is.Null);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service", "start kubelet.service", "start docker.service" }));
    }

    [Test]
    public void On_a_shared_node_they_start_after_the_last_job_whichever_that_is([Values(7u, 8u)] uint first)
    {
        Prolog(7);
        Prolog(8);
        Done.Clear();
        Epilog(first);
        Assert.That(Done, Is.Empty);
        Epilog(15 - first);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service", "start kubelet.service" }));
    }

    [Test]
    public void An_epilog_without_a_prolog_starts_nothing()
    {
        (Services[Kubelet], Services[Containerd]) = (FakeServices.Dead, FakeServices.Dead);
        Assert.That(Epilog(7), Is.Null);
        Assert.That(Done, Is.Empty);
    }

    [Test]
    public void An_epilog_without_a_prolog_leaves_another_job_its_node()
    {
        Prolog(7);
        Done.Clear();
        Epilog(9);
        Assert.That(Done, Is.Empty);
    }

    [Test]
    public void An_epilog_that_is_repeated_changes_nothing()
    {
        Prolog(7);
        Epilog(7);
        Done.Clear();
        Assert.That(Epilog(7), Is.Null);
        Assert.That(Done, Is.Empty);
    }

    [Test]
    public void After_a_reboot_nothing_is_owed()
    {
        Prolog(7);
        Reboot();
        Assert.That(Epilog(7), Is.Null);
        Assert.That(Done, Is.Empty);
    }

    [Test]
    public void A_job_that_slurmctld_no_longer_knows_keeps_the_node_from_nobody()
    {
        Prolog(7);
        Prolog(8);
        Over.Add(7);
        Done.Clear();
        Epilog(8);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service", "start kubelet.service" }));
    }

    [Test]
    public void A_job_that_comes_back_while_it_is_looked_up_keeps_the_node()
    {
        Prolog(7);
        Prolog(8);
        Over.Add(7);
        OnFind = job =>
        {
            OnFind = _ => { };
            // File times are as fine as the kernel's clock tick.
            Thread.Sleep(20);
            Prolog(job);
        };
        Done.Clear();
        Epilog(8);
        Assert.That((Done.Count, State.ReadJobs()), Is.EqualTo((0, new[] { 7u })).UsingPropertiesComparer());
    }

    [Test]
    public void A_service_that_does_not_start_is_reported_and_the_next_epilog_tries_again()
    {
        Prolog(7);
        Services.Instead["start kubelet.service"] = ("failed", new UnitState("loaded", "failed", "failed"));
        Assert.That(Epilog(7), Is.EqualTo("kubelet.service did not start: failed (failed, failed); see journalctl -u kubelet.service"));

        Services.Instead.Clear();
        Prolog(8);
        Done.Clear();
        Assert.That(Epilog(8), Is.Null);
        Assert.That(Services[Kubelet], Is.EqualTo(FakeServices.Running));
    }

    [Test]
    public void What_an_earlier_epilog_could_not_start_still_starts_in_order()
    {
        Prolog(7);
        Services.Instead["start containerd.service"] = ("failed", new UnitState("loaded", "failed", "failed"));
        Epilog(7);
        Services.Instead.Clear();
        Prolog(8);
        Done.Clear();
        Epilog(8);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service", "start kubelet.service" }));
    }

    [Test]
    public void A_slow_service_is_reported_and_does_not_keep_the_others_from_starting()
    {
        Prolog(7);
        Services.Instead["start containerd.service"] = (null, new UnitState("loaded", "activating", "start"));
        Assert.That(Epilog(7), Does.StartWith("containerd.service did not start within 10s (activating, start)"));
        Assert.That(Services[Kubelet], Is.EqualTo(FakeServices.Running));
    }

    [Test]
    public void A_service_that_was_masked_during_the_job_is_an_admins_wish()
    {
        Prolog(7);
        Services[Kubelet] = new UnitState("masked", "inactive", "dead");
        Done.Clear();
        Assert.That(Epilog(7), Is.Null);
        Services[Kubelet] = FakeServices.Dead;
        Assert.That(Epilog(8), Is.Null);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service" }));
    }

    [Test]
    public void A_job_that_comes_while_a_service_starts_gets_its_node()
    {
        Prolog(7);
        Done.Clear();
        Services.WhileWaiting = waited =>
        {
            Services.WhileWaiting = _ => { };
            if (waited.Path == "start containerd.service")
                Assert.That(Prolog(8), Is.Null, "the prolog gets the lock while the epilog waits for systemd");
        };
        Assert.That(Epilog(7), Is.Null);
        Assert.That(Done, Does.Not.Contain("start kubelet.service"));
        Done.Clear();
        Epilog(8);
        Assert.That(Done, Does.Contain("start kubelet.service"));
    }
}
