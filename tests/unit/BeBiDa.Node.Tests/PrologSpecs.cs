using BeBiDa.Configuration;
using BeBiDa.Node.Services;

namespace BeBiDa.Node.Tests;

public class PrologSpecs : NodeTest
{
    [Test]
    public void kubelet_stops_first_then_its_pods_end_then_the_runtime_stops()
    {
        Pods.Processes = 3;
        Assert.That(Prolog(7), Is.Null);
        Assert.That(Done, Is.EqualTo(new[] { "stop kubelet.service", "end pods", "stop containerd.service" }));
    }

    [Test]
    public void A_start_that_waits_in_systemds_queue_is_taken_back()
    {
        Services[Kubelet] = FakeServices.Dead with { Job = "start" };
        Assert.That(Prolog(7), Is.Null);
        Assert.That(Done, Does.Contain("stop kubelet.service"));
    }

    [Test]
    public void What_is_started_while_another_stops_is_stopped_again()
    {
        Services.WhileWaiting = job =>
        {
            if (job.Unit == Containerd)
                (Services[Kubelet], Services.WhileWaiting) = (FakeServices.Running, _ => { });
        };
        Assert.That(Prolog(7), Is.Null);
        Assert.That(Services[Kubelet], Is.EqualTo(FakeServices.Dead));
        Assert.That(Done, Is.EqualTo(new[] { "stop kubelet.service", "stop containerd.service", "stop kubelet.service" }));
    }

    [Test]
    public void What_an_admin_is_stopping_stays_stopped_after_the_job()
    {
        Services[Kubelet] = new UnitState("loaded", "deactivating", "stop-sigterm", "stop");
        Prolog(7);
        Done.Clear();
        Epilog(7);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service" }));
    }

    [Test]
    public void What_does_not_run_is_not_stopped_and_not_started_after_the_job()
    {
        Services[Containerd] = FakeServices.Dead;
        Prolog(7);
        Epilog(7);
        Assert.That(Done, Is.EqualTo(new[] { "stop kubelet.service", "start kubelet.service" }));
    }

    [Test]
    public void What_is_not_installed_is_left_alone()
    {
        Configuration = Configuration with { Node = Configuration.Node with { Services = ["kubelet.service", "crio.service"] } };
        Assert.That(Prolog(7), Is.Null);
        Assert.That(Done, Is.EqualTo(new[] { "stop kubelet.service" }));
    }

    [Test]
    public void A_masked_unit_that_still_runs_is_stopped()
    {
        Services[Kubelet] = new UnitState("masked", "active", "running");
        Assert.That(Prolog(7), Is.Null);
        Assert.That(Done, Does.Contain("stop kubelet.service"));
    }

    [Test]
    public void A_failed_unit_is_down_already()
    {
        Services[Kubelet] = new UnitState("loaded", "failed", "failed");
        Assert.That(Prolog(7), Is.Null);
        Assert.That(Done, Is.EqualTo(new[] { "stop containerd.service" }));
    }

    [TestCase("activating", "auto-restart")]
    [TestCase("activating", "start")]
    [TestCase("reloading", "reload")]
    public void A_unit_that_is_on_its_way_somewhere_is_stopped_and_started_after_the_job(string active, string sub)
    {
        Services[Kubelet] = new UnitState("loaded", active, sub);
        Prolog(7);
        Epilog(7);
        Assert.That(Done, Does.Contain("stop kubelet.service").And.Contains("start kubelet.service"));
    }

    [Test]
    public void A_unit_that_takes_too_long_fails_the_prolog_with_its_name_and_state_and_what_to_do()
    {
        Services.Instead["stop kubelet.service"] = (null, new UnitState("loaded", "deactivating", "stop-sigterm"));
        Assert.That(
            Prolog(7),
            Is.EqualTo(
                "kubelet.service did not stop within 30s (deactivating, stop-sigterm); see systemctl status kubelet.service, then resume the node"
            )
        );
        Assert.That(Done, Is.EqualTo(new[] { "stop kubelet.service" }), "nothing more is torn down for a job that does not start");
    }

    [Test]
    public void A_unit_that_systemd_cannot_stop_fails_the_prolog()
    {
        Services.Instead["stop containerd.service"] = ("failed", FakeServices.Running);
        Assert.That(Prolog(7), Does.StartWith("containerd.service did not stop: failed (active, running)"));
    }

    [Test]
    public void A_unit_that_ends_up_failed_is_down_all_the_same()
    {
        Services.Instead["stop kubelet.service"] = ("timeout", new UnitState("loaded", "failed", "failed"));
        Assert.That(Prolog(7), Is.Null);
    }

    [Test]
    public void The_epilog_of_a_job_that_did_not_start_gives_back_what_was_stopped()
    {
        Services.Instead["stop containerd.service"] = (null, new UnitState("loaded", "deactivating", "stop-sigterm"));
        Prolog(7);
        Services.Instead.Clear();
        Assert.That(Epilog(7), Is.Null);
        Assert.That((Services[Kubelet], Services[Containerd]), Is.EqualTo((FakeServices.Running, FakeServices.Running)));
    }

    [Test]
    public void Pods_that_do_not_even_die_fail_the_prolog()
    {
        (Pods.Processes, Pods.Obeys) = (2, false);
        Assert.That(Prolog(7), Does.StartWith("2 pod processes survived SIGKILL"));
    }

    [Test]
    public void Pods_get_their_grace_but_never_all_of_the_time_there_is()
    {
        Pods.Processes = 1;
        Prolog(7);
        Assert.That(Pods.Grace, Is.EqualTo(TimeSpan.FromSeconds(5)));

        Pods.Processes = 1;
        Configuration = Configuration with { Eviction = Configuration.Eviction with { GracePeriod = null } };
        Prolog(8);
        Assert.That(Pods.Grace, Is.LessThanOrEqualTo(TimeSpan.FromSeconds(15)));
    }

    [TestCase(LeftoverPods.Freeze, "freeze pods")]
    [TestCase(LeftoverPods.Keep, null)]
    public void Leftover_pods_may_be_frozen_or_kept(LeftoverPods leftover, string? done)
    {
        Pods.Processes = 1;
        Configuration = Configuration with { Node = Configuration.Node with { LeftoverPods = leftover } };
        Assert.That(Prolog(7), Is.Null);
        Assert.That(
            Done.Where(line => line.EndsWith("pods", StringComparison.Ordinal)).Distinct(),
            Is.EqualTo(done is null ? [] : new[] { done })
        );
    }

    [Test]
    public void Frozen_pods_thaw_before_kubelet_starts()
    {
        Pods.Processes = 1;
        Configuration = Configuration with { Node = Configuration.Node with { LeftoverPods = LeftoverPods.Freeze } };
        Prolog(7);
        Done.Clear();
        Epilog(7);
        Assert.That(Done, Is.EqualTo(new[] { "thaw pods", "start containerd.service", "start kubelet.service" }));
    }

    [Test]
    public void Frozen_pods_thaw_whatever_the_configuration_says_by_then()
    {
        Pods.Processes = 1;
        Configuration = Configuration with
        {
            Node = Configuration.Node with { LeftoverPods = LeftoverPods.Freeze, PodCgroups = ["custom.slice"] },
        };
        Prolog(7);
        Configuration = new BebidaConfiguration();
        Assert.That(State.ReadFrozen(), Is.EqualTo(new[] { "custom.slice" }));
        Epilog(7);
        Assert.That(Done, Does.Contain("thaw pods"));
        Assert.That(State.ReadFrozen(), Is.Empty);
    }

    [Test]
    public void What_outlives_its_unit_is_ended_once_all_have_stopped_and_volumes_in_memory_go_last()
    {
        Leftovers.Processes.Add("containerd-shim (4711)");
        Leftovers.Mounts = (3, []);
        Assert.That(Prolog(7), Is.Null);
        Assert.That(
            Done,
            Is.EqualTo(
                new[]
                {
                    "stop kubelet.service",
                    "stop containerd.service",
                    "end what is left of /system.slice/kubelet.service /system.slice/containerd.service",
                    "unmount",
                }
            )
        );
        Assert.That(Log.All, Does.Contain("Information: job 7: ending processes that outlived their services: containerd-shim (4711)"));
    }

    [Test]
    public void What_outlives_its_unit_and_its_killing_fails_the_prolog_with_its_name()
    {
        Leftovers.Processes.Add("containerd-shim (4711)");
        Leftovers.Obey = false;
        Assert.That(Prolog(7), Does.StartWith("containerd-shim (4711) outlived their services and SIGKILL"));
    }

    [Test]
    public void What_is_left_of_services_that_were_not_stopped_for_a_job_is_not_ours_to_end()
    {
        (Services[Kubelet], Services[Containerd]) = (FakeServices.Dead, FakeServices.Dead);
        Leftovers.Processes.Add("containerd-shim (4711)");
        Prolog(7);
        Assert.That(Done, Is.Empty);
    }

    [Test]
    public void What_cannot_be_unmounted_is_told_and_fails_no_job()
    {
        Leftovers.Mounts = (0, ["/var/lib/kubelet/x: busy"]);
        Assert.That(Prolog(7), Is.Null);
        Assert.That(
            Log.All,
            Does.Contain("Error: job 7: cannot unmount what a pod had mounted, it keeps its memory or network: /var/lib/kubelet/x: busy")
        );
    }

    [Test]
    public void What_a_site_keeps_of_pods_it_keeps_whole([Values(LeftoverPods.Freeze, LeftoverPods.Keep)] LeftoverPods leftover)
    {
        Configuration = Configuration with { Node = Configuration.Node with { LeftoverPods = leftover } };
        Leftovers.Processes.Add("containerd-shim (4711)");
        Leftovers.Mounts = (3, []);
        Prolog(7);
        Assert.That(Done, Is.EqualTo(new[] { "stop kubelet.service", "stop containerd.service" }));
    }

    [Test]
    public void That_no_cgroup_of_pods_exists_is_said_once()
    {
        Pods.Exist = false;
        Prolog(7);
        Epilog(7);
        Prolog(8);
        Assert.That(
            Log.All.Where(line => line.StartsWith("Error: ", StringComparison.Ordinal)),
            Is.EqualTo(
                new[]
                {
                    "Error: kubelet.service was running, but none of node.podCgroups (kubepods.slice, kubepods) exists: leftover pods are not ended. Set it to kubelet's cgroup for pods (--cgroup-root moves it; see systemd-cgls)",
                }
            )
        );
    }

    [Test]
    public void A_prolog_that_is_repeated_changes_nothing()
    {
        Prolog(7);
        Done.Clear();
        Assert.That(Prolog(7), Is.Null);
        Assert.That(Done, Is.Empty);
        Epilog(7);
        Assert.That(Done, Is.EqualTo(new[] { "start containerd.service", "start kubelet.service" }));
    }

    [Test]
    public void What_was_started_behind_our_back_is_stopped_again_for_the_next_job()
    {
        Prolog(7);
        Services[Kubelet] = FakeServices.Running;
        Pods.Processes = 1;
        Done.Clear();
        Prolog(8);
        Assert.That(Done, Is.EqualTo(new[] { "stop kubelet.service", "end pods" }));
    }

    [Test]
    public void What_the_user_has_to_know_is_kept_with_the_job()
    {
        Prolog(7, "refused");
        Prolog(8);
        Assert.That((ReadJobFile(7), ReadJobFile(8)), Is.EqualTo(("refused\n", "")));
    }
}
